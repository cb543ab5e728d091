import json
import logging
from dataclasses import replace

import numpy as np
import pytest

from agent.errors import PolicyError
from agent.policy_file import SHIPPED_EXEMPLARS
from agent.risk.exemplars import LABELS, Exemplar, Exemplars
from agent.risk.fit import folded
from agent.risk.judge import ByLetters, Judge
from agent.risk.kept import SHIPPED_MEANING, judge_for, read_letters
from agent.risk.letters import BUCKETS
from agent.risk.weights import (
    LetterWeights,
    letters_key,
    load_letters,
    load_meaning,
    meaning_key,
    pack_words,
    save_weights,
    unpack_words,
)
from index.embed.bundled import load_bundled
from tests.fakes import HashedWordsEmbedder

TEXTS = {
    "security": "somebody took over my account",
    "privileged": "make me administrator of it",
    "destructive": "erase the whole archive",
    "outage": "nobody here can work",
    "none": "how do I change my picture",
}


@pytest.fixture
def exemplars(tmp_path):
    file = tmp_path / "few.jsonl"
    rows = [
        {"id": f"{label}-{n}", "text": f"{text} {n}", "label": label} for label, text in TEXTS.items() for n in "abc"
    ]
    file.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    return Exemplars(file)


@pytest.fixture
def letters(exemplars):
    even = np.full((len(exemplars.shipped), len(LABELS)), np.log(1 / len(LABELS)), dtype=np.float16)
    return ByLetters(
        LetterWeights(
            frequency=np.ones(BUCKETS, dtype=np.float16),
            weights=np.zeros((BUCKETS, len(LABELS)), dtype=np.float16),
            bias=np.zeros(len(LABELS), dtype=np.float32),
            told=even,
            risky_words=pack_words(["administrator"]),
            known_words=pack_words(["picture"]),
            home_words=pack_words(["how", "do"]),
        )
    )


def label_of(judge, embedder, text):
    scores = judge.scores([text], judge.letters.scores([text]), embedder.embed_passages([text]))
    return LABELS[int(scores[0].argmax())]


def test_what_ships_is_fitted_to_the_exemplars_that_ship_and_to_the_bundled_model(tmp_path):
    exemplars, embedder = Exemplars(SHIPPED_EXEMPLARS), load_bundled()
    judge = judge_for(read_letters(exemplars), exemplars, embedder, tmp_path)
    assert not list(tmp_path.iterdir()), "run `python -m benchmarks.fit_risk`"
    some = list(range(0, len(exemplars.shipped), 1500))
    again = embedder.embed_passages([folded(exemplars.shipped[place]) for place in some])
    assert np.all(np.sum(again * judge.meaning.vectors[some], axis=1) / 127 > 0.99)


def test_what_was_learned_for_a_model_is_learned_once(exemplars, letters, tmp_path):
    embedder = HashedWordsEmbedder()
    first = judge_for(letters, exemplars, embedder, tmp_path / "kept")
    asked = len(embedder.embedded)
    again = judge_for(letters, exemplars, embedder, tmp_path / "kept")
    assert asked == len(exemplars.shipped) == len(embedder.embedded)
    assert np.array_equal(first.meaning.weights, again.meaning.weights)


def test_meaning_tells_what_letters_do_not(exemplars, letters, tmp_path):
    embedder = HashedWordsEmbedder()
    judge = judge_for(letters, exemplars, embedder, tmp_path)
    assert {label: label_of(judge, embedder, text) for label, text in TEXTS.items()} == {
        label: label for label in TEXTS
    }


def test_an_own_exemplar_teaches_and_may_be_the_nearest(exemplars, letters, tmp_path):
    embedder = HashedWordsEmbedder()
    own = replace(exemplars, own=(Exemplar("own-1", "the reactor hall hums", "outage", "en"),))
    judge = judge_for(letters, own, embedder, tmp_path)
    assert label_of(judge, embedder, "the reactor hall hums") == "outage"
    name, similarity = judge.nearest("outage", embedder.embed_query("the reactor hall hums"))
    assert name == "own-1"
    assert similarity > 0.99


@pytest.mark.parametrize("damage", [lambda b: b[:-9], lambda b: b[:2000] + b"\xff\xfe" + b[2002:], lambda b: b""])
def test_a_damaged_file_is_no_file(exemplars, letters, tmp_path, damage):
    embedder = HashedWordsEmbedder()
    judge_for(letters, exemplars, embedder, tmp_path / "kept")
    file = next((tmp_path / "kept").iterdir())
    whole = file.read_bytes()
    file.write_bytes(damage(whole))
    judge_for(letters, exemplars, embedder, tmp_path / "kept")
    assert len(embedder.embedded) == 2 * len(exemplars.shipped)
    assert load_meaning(file, meaning_key(embedder.spec, exemplars.digest), embedder.spec.dimension) is not None


def test_weights_for_something_else_are_not_taken(exemplars, letters, tmp_path):
    file = tmp_path / "letters.npz"
    save_weights(file, letters.learned, letters_key("these"))
    assert load_letters(file, letters_key("those")) is None
    assert load_letters(file, letters_key("these")) is not None
    assert load_letters(tmp_path / "absent", letters_key("these")) is None


def test_a_folder_that_cannot_be_written_costs_the_next_start_and_no_more(exemplars, letters, tmp_path, caplog):
    blocked = tmp_path / "file"
    blocked.write_text("", "utf-8")
    with caplog.at_level(logging.WARNING):
        judge = judge_for(letters, exemplars, HashedWordsEmbedder(), blocked)
    assert isinstance(judge, Judge)
    assert "cannot be kept" in caplog.text


def test_letters_of_other_exemplars_are_refused(exemplars):
    with pytest.raises(PolicyError, match="install Runcite again"):
        read_letters(exemplars)


def test_words_come_back_as_they_were_packed():
    assert unpack_words(pack_words(["naïve", "日本"])) == ["naïve", "日本"]


def test_the_package_stays_small():
    assert SHIPPED_MEANING.stat().st_size + SHIPPED_MEANING.with_name("letters.npz").stat().st_size < 12_000_000
