from dataclasses import replace

import pytest

from agent.decide.difference import differences
from index.models import Evidence
from ingest.models import ArticleMetadata
from tests.cases import REVIEWED, a_candidate, assessed


def titled(title, symptoms=(), section=()):
    evidence = [Evidence(0, 0, 9, section, 0.7, 5.0)]
    candidate = a_candidate(title, ArticleMetadata(dates=REVIEWED, symptoms=symptoms), evidence=evidence)
    return assessed(replace(candidate, article=replace(candidate.article, title=title)))


@pytest.mark.parametrize(
    ("titles", "apart"),
    [
        (
            ["Guest Wi-Fi for visitors (Quayside, Bristol)", "Guest Wi-Fi for visitors (Millgate House, Leeds)"],
            ("Quayside, Bristol", "Millgate House, Leeds"),
        ),
        (["VPN on Windows", "VPN on macOS", "VPN on Linux"], ("Windows", "macOS", "Linux")),
        (["Replace the toner of a Zebra printer", "Replace the drum of a Zebra printer"], ("toner", "drum")),
        (["Mail: quota", "mail: Bounces"], ("quota", "Bounces")),
        (["Reset a password", "Reset a password in Tally"], None),
        (["Reset a password", "Account is locked"], None),
        (["VPN", "VPN"], None),
        (["Route to 10.1.2.3", "Route to 10.9.8.7"], None),
        (["Setup of one two three four five six seven eight nine", "Setup of ten"], None),
    ],
    ids=["places", "three", "middle", "case", "one-within-the-other", "nothing-common", "same", "addresses", "long"],
)
def test_titles_are_told_apart_by_the_words_that_differ(titles, apart):
    assert differences([titled(title) for title in titles]) == apart


def test_equal_titles_are_told_apart_by_their_symptoms():
    first = titled("VPN", ("it drops", "amber icon"))
    second = titled("VPN", ("amber icon", "no login window"))
    assert differences([first, second]) == ("it drops", "no login window")


def test_or_by_the_sections_that_matched():
    assert differences([titled("VPN", section=("VPN", "At home")), titled("VPN", section=("VPN", "Abroad"))]) == (
        "At home",
        "Abroad",
    )
