"""`runcite examples`: past tickets route new ones, here, beside a running server, and after a change of model."""

import json

import pytest

from api.bootstrap import open_rebuilder, open_runtime
from api.memory import open_memory
from api.settings import Settings
from index.embed.cache import CACHE_NAME, VectorCache
from index.sync import RunOptions
from tests.fakes import Killed, killed_after
from tests.integration.serving import serving
from tests.small_models import make_model

TICKET = "Since our plan was renewed I get access denied at the supplier portal"
PAST = [
    {"id": "A-1", "text": "After the renewal of our plan the supplier portal says access denied", "team": "Accounts"},
    {"id": "A-2", "text": "Access denied at the supplier portal since our plan was renewed", "team": "Accounts"},
    {"id": "A-3", "text": "The portal for suppliers denies me access though the plan is renewed", "team": "Accounts"},
    {"id": "B-1", "text": "The invoice for our plan is too high", "team": "Billing", "category": "billing"},
]


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "past.jsonl"
    path.write_text("\n".join(map(json.dumps, PAST)), encoding="utf-8")
    return path


def team(runcite, text=TICKET):
    code, out, said = runcite("triage", text, "--json")
    assert code == 0, said
    decision = json.loads(out)
    return decision["assigned_team"], [one["example_id"] for one in decision["routing"]["past_tickets"]]


def test_past_tickets_are_imported_listed_and_removed(runcite, file):
    assert team(runcite) == ("Service Desk", [])
    code, _, said = runcite("examples", "import", file)
    assert (code, said) == (0, "4 past tickets imported, 0 of them known; now 4.\n")
    found, names = team(runcite)
    assert (found, set(names[:3])) == ("Accounts", {"A-1", "A-2", "A-3"})
    assert json.loads(runcite("examples", "import", file, "--json")[1]) == {"imported": 4, "replaced": 4, "total": 4}
    code, out, said = runcite("examples", "list", "A-*")
    assert code == 0
    assert [line.split()[0] for line in out.splitlines()] == ["Id", "A-1", "A-2", "A-3"]
    assert "Accounts 3" in said
    assert runcite("examples", "remove", "A-*")[0] == 0
    assert team(runcite)[1] == ["B-1"]
    assert runcite("examples", "remove", "*")[0] == 0
    assert team(runcite) == ("Service Desk", [])


def test_a_file_with_a_mistake_changes_nothing(runcite, file):
    with file.open("a", encoding="utf-8") as stream:
        stream.write('\n{"text": "no label"}\n')
    code, out, said = runcite("examples", "import", file)
    assert code == 2
    assert out.startswith(f"{file}:5: there is no label")
    assert "nothing was imported" in said
    assert runcite("examples", "list")[0] == 4


@pytest.mark.parametrize(
    ("arguments", "code"),
    [(("import",), 2), (("import", "a", "b"), 2), (("remove",), 2), (("remove", "none"), 4), (("drop",), 2)],
    ids=["no-file", "two-files", "nothing-to-remove", "unknown-id", "unknown-action"],
)
def test_wrong_use_says_what_is_expected(runcite, arguments, code):
    assert runcite("examples", *arguments)[0] == code


def test_a_home_without_an_index_has_nothing_to_do(runcite, file, tmp_path):
    code, _, said = runcite("examples", "import", file, "--home", tmp_path / "none")
    assert (code, "no index in" in said) == (4, True)


@pytest.mark.integration
@pytest.mark.enable_socket
@pytest.mark.allow_hosts(["127.0.0.1"])
def test_a_running_server_takes_notice_with_its_next_ticket(home, runcite, file):
    with serving(home) as server:
        server.until_ready()

        def asked():
            return server.http.post("/v1/triage", json={"text": TICKET}).json()["assigned_team"]

        assert asked() == "Service Desk"
        assert runcite("examples", "import", file)[0] == 0
        assert asked() == "Accounts"
        assert runcite("examples", "remove", "*")[0] == 0
        assert asked() == "Service Desk"


def test_another_model_knows_the_past_tickets_from_its_first_ticket_on(home, runcite, file, tmp_path, monkeypatch):
    monkeypatch.setenv("RUNCITE_EMBEDDING", "auto")
    assert runcite("examples", "import", file)[0] == 0
    other = f"bge-small-en-v1.5@{make_model(tmp_path / 'other', 'cls')}"
    settings = Settings(home=home, embedding="auto")
    with open_rebuilder(settings) as rebuilder, pytest.raises(Killed):
        # Killed just before the other model goes live: what it makes of them is there already.
        rebuilder.rebuild(other, lambda _: None, RunOptions(on_step=killed_after("optimized", 1)))
    with open_memory(settings) as memory, open_rebuilder(settings) as rebuilder:
        texts = [one.text for one in memory.catalog.past_tickets.all()[1]]
        spec = rebuilder.catalog.generations.unfinished().embedding
        cache = VectorCache.open(home / CACHE_NAME, spec)
        assert cache.get(texts).keys() == set(texts)
        cache.close()
        rebuilder.rebuild(other, lambda _: None, RunOptions())
    with open_runtime(settings) as runtime:
        assert runtime.catalog.embedding() == spec
        found = runtime.live.now.searcher.retrieve(PAST[0]["text"], audience=frozenset())
        assert found.neighbours[0].past.example_id == "A-1"


def test_an_import_embeds_before_it_is_seen(home, file, runcite):
    assert runcite("examples", "import", file)[0] == 0
    with open_runtime(Settings(home=home)) as runtime:
        spec = runtime.catalog.embedding()
        texts = [one.text for one in runtime.catalog.past_tickets.all()[1]]
    cache = VectorCache.open(home / CACHE_NAME, spec)
    assert cache.get(texts).keys() == set(texts)
    cache.close()


def test_past_tickets_are_in_a_backup(home, runcite, file, tmp_path):
    assert runcite("examples", "import", file)[0] == 0
    assert runcite("backup", tmp_path / "b.zip")[0] == 0
    code, _, said = runcite("restore", tmp_path / "b.zip", "--home", tmp_path / "restored")
    assert code == 0, said
    with open_memory(Settings(home=tmp_path / "restored")) as memory:
        assert len(memory.listed(())) == 4
