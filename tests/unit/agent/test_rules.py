import threading

import pytest

from agent.errors import PolicyError
from agent.rules import PolicyKeeper
from tests.cases import POLICY
from tests.fakes import HashedWordsEmbedder


@pytest.fixture
def path(tmp_path):
    return tmp_path / "policy.yml"


@pytest.fixture(scope="module")
def kept_weights(tmp_path_factory):
    return tmp_path_factory.mktemp("weights")


@pytest.fixture
def keeper(path, kept_weights):
    def open_keeper():
        return PolicyKeeper(POLICY, path, HashedWordsEmbedder(), kept_weights)

    return open_keeper


def test_an_edit_takes_effect_with_the_next_ticket(path, keeper):
    kept = keeper()
    before = kept.current()
    assert kept.current() is before
    path.write_text("version: 1\nmatch: {min_confidence: 0.9}\n", "utf-8")
    after = kept.current()
    assert after.policy.min_confidence == 0.9
    assert after.policy_hash != before.policy_hash
    assert kept.problem is None


def test_a_broken_edit_keeps_the_last_good_policy_and_says_so(path, keeper, caplog):
    path.write_text("version: 1\nmatch: {min_confidence: 0.9}\n", "utf-8")
    kept = keeper()
    good = kept.current()
    path.write_text("version: 1\nmatch: {min_confidence: high}\n", "utf-8")
    assert kept.current() is good
    assert "policy.yml:2:9" in (kept.problem or "")
    assert "policy.yml:2:9" in caplog.text
    path.write_text("version: 1\nmatch: {min_confidence: 0.8}\n", "utf-8")
    assert kept.current().policy.min_confidence == 0.8
    assert kept.problem is None


def test_a_policy_that_vanishes_stays_in_force(path, keeper):
    path.write_text("version: 1\nmatch: {min_confidence: 0.9}\n", "utf-8")
    kept = keeper()
    good = kept.current()
    path.unlink()
    assert kept.current() is good
    assert "cannot be read" in (kept.problem or "")


def test_a_changed_exemplar_file_is_read_anew(path, keeper):
    own = path.parent / "own.jsonl"
    own.write_text('{"id": "own-1", "text": "the reactor hums", "label": "none"}\n', "utf-8")
    path.write_text("version: 1\nexemplars: own.jsonl\n", "utf-8")
    kept = keeper()
    before = kept.current().policy.exemplars_digest
    own.write_text('{"id": "own-1", "text": "the reactor hums loudly", "label": "outage"}\n', "utf-8")
    assert kept.current().policy.exemplars_digest != before


def test_a_policy_that_is_wrong_at_the_start_is_an_error(path, keeper):
    path.write_text("version: 3\n", "utf-8")
    with pytest.raises(PolicyError, match=r"policy\.yml:1:1"):
        keeper()


def test_threads_see_one_policy_or_the_other_never_a_mix(path, keeper):
    texts = [f"version: 1\nmatch: {{min_confidence: 0.{n}, twin_odds: {n}}}\n" for n in (8, 9)]
    path.write_text(texts[0], "utf-8")
    kept = keeper()
    kept.current()
    seen, done = set(), threading.Event()

    def look():
        while not done.is_set():
            policy = kept.current().policy
            seen.add((policy.min_confidence, policy.twin_odds))

    readers = [threading.Thread(target=look) for _ in range(3)]
    for reader in readers:
        reader.start()
    for turn in range(4):
        draft = path.with_suffix(".new")
        draft.write_text(texts[turn % 2] + "#" * turn, "utf-8")
        draft.replace(path)
        kept.current()
    done.set()
    for reader in readers:
        reader.join()
    assert seen <= {(0.8, 8.0), (0.9, 9.0)}
