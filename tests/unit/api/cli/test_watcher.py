from types import SimpleNamespace

import pytest

from api.cli.watcher import Speed
from api.cli.words import duration_words


@pytest.fixture
def clock():
    return SimpleNamespace(now=100.0)


def speed_after(clock, *counts):
    """Count so much more in each of the seconds."""
    speed, met = Speed(lambda: clock.now), 0
    for count in counts:
        clock.now += 1
        met += count
        speed.count(met)
    return speed, met


def test_how_long_it_takes_is_told_once_it_can_be(clock):
    speed, met = speed_after(clock, 2, 2)
    assert speed.words(met, 100) == "4 / 100"
    speed, met = speed_after(clock, *[2] * 10)
    assert speed.words(met, 1_000) == "20 / 1,000 · 2.0/s · about 8 min left"


def test_without_a_total_no_end_is_promised(clock):
    speed, met = speed_after(clock, *[20] * 10)
    assert speed.words(met, None) == "articles: 200 · 20/s"
    assert speed.words(met, 150) == "articles: 200 · 20/s"
    assert speed.words(met, 200) == "200 / 200 · 20/s"


def test_it_is_judged_on_what_goes_by_of_late(clock):
    # A thousand unchanged ones a second, and then new ones, one a second.
    speed, met = speed_after(clock, *[1_000] * 5, *[1] * 70)
    assert speed.words(met, 6_000) == "5,070 / 6,000 · 1.0/s · about 16 min left"


def test_what_stands_still_has_no_speed(clock):
    speed, met = speed_after(clock, *[0] * 30)
    assert speed.words(met, 10) == "0 / 10"


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0.2, "1 s"),
        (40, "40 s"),
        (59.6, "60 s"),
        (90, "2 min"),
        (3_540, "59 min"),
        (12_000, "3 h 20 min"),
        (7_200, "2 h"),
    ],
)
def test_a_duration_is_told_as_exactly_as_it_is_meant(seconds, words):
    assert duration_words(seconds) == words
