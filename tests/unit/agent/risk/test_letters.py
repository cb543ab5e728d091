import numpy as np
import pytest

from agent.risk.letters import BUCKETS, inverse_frequency, letters_of


def likeness(first, second):
    rows = np.zeros((2, BUCKETS))
    for row, text in zip(rows, (first, second), strict=True):
        buckets, counts = letters_of(text)
        row[buckets] = counts
    return rows[0] @ rows[1] / np.linalg.norm(rows[0]) / np.linalg.norm(rows[1])


@pytest.mark.parametrize(
    "slipped",
    ["pleas resett the pasword", "plese rest th password", "pleaseresetthe password", "pls rst the psswrd"],
    ids=["doubled and dropped", "dropped", "no spaces", "no vowels"],
)
def test_a_slip_keeps_a_sentence_nearer_to_itself_than_to_another(slipped):
    written = "please reset the password"
    assert likeness(written, slipped) > 2 * likeness("nobody can print on the second floor", slipped)


def test_disguised_letters_count_as_what_they_stand_for():
    assert likeness("the p4ssw0rd", "the password") == pytest.approx(1)


def test_each_bucket_is_named_once():
    buckets, counts = letters_of("ha ha ha ha")
    assert len(set(buckets.tolist())) == len(buckets) == len(counts)
    assert counts.max() > 1


def test_what_every_sentence_holds_tells_least():
    common, rare = letters_of("the mouse")[0], letters_of("the reactor")[0]
    weight = inverse_frequency([common, rare])
    shared = np.intersect1d(common, rare)
    assert weight[shared].max() < weight[np.setdiff1d(rare, common)].min()
