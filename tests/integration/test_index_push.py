"""`runcite index push` and `pull`: an index goes to a Qdrant server and back, killed at every step, and is the same."""

import json
import multiprocessing
import os
import shutil
import signal
import sqlite3
from pathlib import Path

import pytest
from qdrant_client import QdrantClient

from api.bootstrap import open_mover, open_runtime
from api.settings import Settings
from index.carry import Carrying
from index.errors import StoreError
from index.lock import HomeLock
from tests.integration.conftest import PAGES
from tests.integration.serving import serving
from tests.qdrant.process import QdrantProcess

pytestmark = [pytest.mark.integration, pytest.mark.enable_socket, pytest.mark.allow_hosts(["127.0.0.1"])]

CHUNKS = 4
QUERIES = ("the vpn drops in the hotel", "toner is empty", "scan to e-mail")
EVERYONE = frozenset({"finance"})
STEPS = ("prepared", "page_written", "flushed", "counted", "settled")


@pytest.fixture
def qdrant(tmp_path, monkeypatch):
    with QdrantProcess(tmp_path / "qdrant") as process:
        for name, value in process.settings(prefer_grpc=True).items():
            monkeypatch.setenv(name, value)
        # What tells the two places apart is said by each test.
        monkeypatch.delenv("RUNCITE_QDRANT_URL")
        yield process


def at_server(home: Path, qdrant: QdrantProcess) -> Settings:
    return Settings(home=home, qdrant_url=qdrant.url, qdrant_timeout_s=10)


def found(settings: Settings) -> list[list[tuple[str, str, float]]]:
    """What every query finds, and how near it is; the index is well."""
    with open_runtime(settings) as runtime:
        assert runtime.fault() is None
        return [
            [
                (one.article_id, one.revision, pytest.approx(one.similarity, abs=1e-4))
                for one in runtime.search(query, audience=EVERYONE, limit=5).results
            ]
            for query in QUERIES
        ]


def test_the_server_finds_what_the_home_found_and_no_model_was_asked(home, qdrant, runcite, monkeypatch) -> None:
    before = found(Settings(home=home))
    # Whoever loaded a model would fail for want of this one.
    monkeypatch.setenv("RUNCITE_EMBEDDING", "openai:nobody-serves-this")
    code, out, said = runcite("index", "push", "--to", qdrant.url)
    assert (code, out) == (0, ""), said
    assert f"All {CHUNKS} chunks are in the Qdrant server at {qdrant.url}; {CHUNKS} were copied now." in said
    assert f"Set RUNCITE_QDRANT_URL={qdrant.url} " in said
    monkeypatch.setenv("RUNCITE_EMBEDDING", "auto")
    assert found(Settings(home=home)) == before
    assert found(at_server(home, qdrant)) == before


def test_it_is_served_by_the_settings_that_the_message_names(home, qdrant, runcite, monkeypatch) -> None:
    assert runcite("index", "push", "--to", qdrant.url)[0] == 0
    monkeypatch.setenv("RUNCITE_QDRANT_URL", qdrant.url)
    shutil.rmtree(home / "vectors")
    with serving(home) as server:
        server.until_ready()
        assert server.outcome("The VPN drops every few minutes in the hotel") == ("GUIDE_USER", None)


def test_what_is_there_is_not_sent_again(home, qdrant, runcite) -> None:
    assert runcite("index", "push", "--to", qdrant.url)[0] == 0
    code, out, _ = runcite("index", "push", "--to", qdrant.url, "--json")
    assert code == 0
    assert json.loads(out) == {
        "action": "push",
        "url": qdrant.url,
        "collection": "runcite",
        "chunks": CHUNKS,
        "chunks_sent": 0,
        "state": "done",
    }


def test_what_changed_in_the_home_since_is_brought_over(qdrant, pages, tmp_path) -> None:
    home, wiki = tmp_path / "own", shutil.copytree(pages, tmp_path / pages.name)
    inside = Settings(home=home)
    with open_runtime(inside, create=True) as runtime:
        runtime.ingest(str(wiki))
    with open_mover(inside, qdrant.url, command="test") as mover:
        assert mover.push(Carrying()).sent == CHUNKS
    (wiki / "finance" / "ledger.md").unlink()
    toner = wiki / "printers" / "toner.md"
    toner.write_text(toner.read_text(encoding="utf-8").replace("front door", "side door"), encoding="utf-8")
    with open_runtime(inside) as runtime:
        runtime.ingest(str(wiki), allow_mass_delete=True)
    with open_mover(inside, qdrant.url, command="test") as mover:
        done = mover.push(Carrying())
    assert (done.points, done.sent) == (CHUNKS - 1, 1)
    assert found(at_server(home, qdrant)) == found(inside)


def push_until(home: Path, url: str, grpc_port: int, step: str) -> None:
    """Run in a child: die of SIGKILL after a step."""

    def on_step(taken: str) -> None:
        if taken == step:
            os.kill(os.getpid(), signal.SIGKILL)

    with open_mover(Settings(home=home, qdrant_grpc_port=grpc_port), url, command="test") as mover:
        mover.push(Carrying(on_step=on_step))


@pytest.mark.parametrize("step", STEPS)
def test_killed_after_a_step(home, qdrant, step) -> None:
    before = found(Settings(home=home))
    child = multiprocessing.get_context("forkserver").Process(
        target=push_until, args=(home, qdrant.url, qdrant.grpc_port, step)
    )
    child.start()
    child.join(120)
    assert child.exitcode == -signal.SIGKILL
    assert found(Settings(home=home)) == before
    assert serves(qdrant) == (step == "settled")
    with open_mover(Settings(home=home), qdrant.url, command="test") as mover:
        done = mover.push(Carrying())
    assert (done.done, done.sent) == (True, CHUNKS if step == "prepared" else 0)
    assert found(at_server(home, qdrant)) == before


def serves(qdrant: QdrantProcess) -> bool:
    client = QdrantClient(url=qdrant.url, check_compatibility=False, trust_env=False)
    aliases = client.get_aliases().aliases
    client.close()
    return [one.alias_name for one in aliases] == ["runcite"]


def test_an_index_by_a_later_model_takes_the_place_of_the_one_before_when_it_is_whole(home, qdrant, runcite) -> None:
    assert runcite("index", "push", "--to", qdrant.url)[0] == 0
    assert runcite("reindex")[0] == 0
    with open_mover(Settings(home=home), qdrant.url, command="test") as mover:
        assert not mover.push(Carrying(should_stop=lambda: True)).done
    assert served(qdrant).endswith("-1")
    assert runcite("index", "push", "--to", qdrant.url)[0] == 0
    assert served(qdrant).endswith("-2")
    assert found(at_server(home, qdrant)) == found(Settings(home=home))


def served(qdrant: QdrantProcess) -> str:
    client = QdrantClient(url=qdrant.url, check_compatibility=False, trust_env=False)
    (alias,) = client.get_aliases().aliases
    client.close()
    return alias.collection_name


def test_it_comes_back(home, qdrant, runcite) -> None:
    assert runcite("index", "push", "--to", qdrant.url)[0] == 0
    shutil.rmtree(home / "vectors")
    before = found(at_server(home, qdrant))
    code, _, said = runcite("index", "pull", "--from", qdrant.url)
    assert code == 0, said
    assert "Unset RUNCITE_QDRANT_URL" in said
    assert found(Settings(home=home)) == before
    assert found(at_server(home, qdrant)) == before


def test_a_stopped_pull_is_gone_on_with(home, qdrant, runcite) -> None:
    assert runcite("index", "push", "--to", qdrant.url)[0] == 0
    shutil.rmtree(home / "vectors")
    with open_mover(Settings(home=home), qdrant.url, command="test") as mover:
        assert not mover.pull(Carrying(should_stop=lambda: True)).done
        assert mover.pull(Carrying()).sent == CHUNKS
    assert found(Settings(home=home)) == found(at_server(home, qdrant))


def test_the_url_of_the_settings_is_taken_where_none_is_named(home, qdrant, runcite, monkeypatch) -> None:
    monkeypatch.setenv("RUNCITE_QDRANT_URL", qdrant.url)
    assert runcite("index", "push")[0] == 0
    assert serves(qdrant)


WRONG = {
    "no server": (("push",), "no server is named; expected --to URL"),
    "the other option": (("push", "--from", "http://127.0.0.1:1"), "--from 'http://127.0.0.1:1' does not go with push"),
    "and back": (("pull", "--to", "http://127.0.0.1:1"), "expected --from URL"),
    "no address": (("push", "--to", "localhost:6333"), "'localhost:6333' is no address of a Qdrant server"),
}


@pytest.mark.parametrize(("arguments", "said"), WRONG.values(), ids=WRONG)
def test_what_cannot_be_done_is_said_in_one_line(home, qdrant, runcite, arguments, said) -> None:
    code, out, error = runcite("index", *arguments)
    assert (code, out, error.count("\n")) == (2, "", 1)
    assert said in error


def test_a_server_that_is_not_there_is_told_of(home, qdrant, runcite, monkeypatch) -> None:
    monkeypatch.setenv("RUNCITE_QDRANT_GRPC_PORT", "1")
    code, _, said = runcite("index", "push", "--to", "http://127.0.0.1:1")
    assert code == 2
    assert "The Qdrant server at 'http://127.0.0.1:1'" in said
    assert "Start it, or correct" in said


def test_a_home_that_somebody_has_open_is_left_alone(home, qdrant, runcite) -> None:
    with HomeLock.acquire(home, "runcite serve"):
        code, _, said = runcite("index", "push", "--to", qdrant.url)
    assert code == 3
    assert "runcite serve" in said


def test_a_home_without_vectors_has_nothing_to_push(home, qdrant, runcite) -> None:
    shutil.rmtree(home / "vectors")
    code, _, said = runcite("index", "push", "--to", qdrant.url)
    assert code == 4
    assert "no vectors in" in said
    assert not serves(qdrant)


def test_vectors_that_lack_an_article_are_not_pushed(home, qdrant, runcite) -> None:
    with sqlite3.connect(home / "catalog.sqlite") as catalog:
        catalog.execute("UPDATE articles SET chunks = 2 WHERE article_id LIKE '%toner'")
    code, _, said = runcite("index", "push", "--to", qdrant.url)
    assert code == 2
    assert f"The vectors of 1 of {len(PAGES)} articles are not there to be copied" in said
    assert not serves(qdrant)


def test_a_name_that_belongs_to_another_index_is_refused(home, qdrant, runcite, pages, tmp_path) -> None:
    other = tmp_path / "other"
    with open_runtime(at_server(other, qdrant), create=True) as runtime:
        runtime.ingest(str(pages))
    taken = served(qdrant)
    code, _, said = runcite("index", "push", "--to", qdrant.url)
    assert code == 2
    assert "belongs to another index" in said
    assert served(qdrant) == taken


def test_a_server_that_dies_half_way_is_told_of_and_gone_on_with(home, qdrant) -> None:
    with open_mover(Settings(home=home), qdrant.url, command="test") as mover:

        def die(step: str) -> None:
            if step == "page_written":
                qdrant.kill()

        with pytest.raises(StoreError, match="Start it, or correct"):
            mover.push(Carrying(on_step=die))
        qdrant.start()
        assert not serves(qdrant)
        assert mover.push(Carrying()).done
    assert found(at_server(home, qdrant)) == found(Settings(home=home))
