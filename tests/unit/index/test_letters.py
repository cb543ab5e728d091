import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.letters import MAX_WINDOWS, WINDOW_CHARS, LetterScale, letters_of

VPN = letters_of("kb", "VPN drops", "The tunnel closes when the laptop sleeps.")
BACKUP = letters_of("kb", "MySQL backup", "The nightly job copies every database.")
DAEMON = letters_of("kb", "Varnish", "The cache answers no requests.")
SCALE = LetterScale([VPN, BACKUP, DAEMON])


def likest(query: str) -> int:
    (found,) = SCALE.likeness(query, SCALE.weigh([VPN, BACKUP, DAEMON]))
    return int(found.argmax())


@pytest.mark.parametrize(
    ("query", "article"),
    [
        ("teh tunel closses", 0),
        ("automysqlbackup", 1),
        ("varnishd not running", 2),
        ("NightlyJobCopies", 1),
        ("TUNNEL-CLOSES", 0),
    ],
    ids=["typos", "compound", "daemon", "joined", "case"],
)
def test_letters_see_through_spelling(query, article) -> None:
    assert likest(query) == article


def test_the_best_window_of_an_article_counts() -> None:
    dull = "Nothing of note.\n" * 200
    long = letters_of("kb", "Manual", f"{dull}The toner cartridge is empty.\n{dull}")
    short = letters_of("kb", "Manual", dull + dull)
    scale = LetterScale([long, short])
    (found,) = scale.likeness("toner cartridge", scale.weigh([long, short]))
    assert found[0] > 2 * found[1]


def test_lots_are_compared_as_if_they_were_one() -> None:
    first, second = SCALE.likeness("backup job", SCALE.weigh([VPN]), SCALE.weigh([BACKUP, DAEMON]))
    (together,) = SCALE.likeness("backup job", SCALE.weigh([VPN, BACKUP, DAEMON]))
    assert np.allclose(np.concatenate([first, second]), together)


def test_groups_do_not_reach_over_a_space() -> None:
    apart, joined = letters_of("", "", "ab cd"), letters_of("", "", "abcd")
    assert set(joined.buckets.tolist()) - set(apart.buckets.tolist())
    assert not set(letters_of("", "", "b c").buckets.tolist()) & set(letters_of("", "", "bc").buckets.tolist())


@given(
    st.lists(st.tuples(st.text(max_size=40), st.text(max_size=3_000)), min_size=1, max_size=4), st.text(max_size=200)
)
def test_any_text_has_a_likeness_between_0_and_1(articles, query) -> None:
    read = [letters_of("", title, text) for title, text in articles]
    scale = LetterScale(read)
    (found,) = scale.likeness(query, scale.weigh(read))
    assert found.shape == (len(articles),)
    assert ((found >= 0) & (found <= 1.0001)).all()


def test_a_very_long_article_is_read_to_a_limit() -> None:
    assert len(letters_of("kb", "Log", "line\n" * WINDOW_CHARS * MAX_WINDOWS).starts) == MAX_WINDOWS
