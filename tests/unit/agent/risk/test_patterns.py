import pytest

from agent.errors import PatternError
from agent.policy_file import load_policy
from agent.risk.fold import sentences
from agent.risk.patterns import Pattern, PatternSet, check_pattern
from tests.cases import POLICY


def found(pattern: str, text: str) -> bool:
    return PatternSet([Pattern(pattern)]).find("\n".join(sentences(text))) is not None


@pytest.mark.parametrize(
    ("pattern", "text", "matches"),
    [
        ("down", "The site is DOWN!", True),
        ("down", "the download is slow", False),
        ("down", "a meltdown", False),
        ("delete ... mailbox", "Delete the whole old mailbox", True),
        ("delete ... mailbox", "Delete it. My mailbox is full", False),
        ("can't log in", "I cant log in", True),
        ("größe", "die Grösse, GRÖSSE und GRÖßE", True),
        ("взлом\\S*", "нас взломали", True),
        ("взлом", "взломали", False),
        ("管理者権限", "すみません管理者権限をください", True),
    ],
)
def test_patterns_match_whole_words_of_one_sentence(pattern, text, matches):
    assert found(pattern, text) is matches


@pytest.mark.parametrize(
    "pattern", ["(", "x)|(y", "(?=ahead)", r"(a)\1", "", " ", "a*", ".*", "x" * 4000], ids=lambda text: text[:8]
)
def test_what_cannot_be_a_pattern_is_refused_with_a_reason(pattern):
    with pytest.raises(PatternError, match=r"expected|matches any text|RE2"):
        check_pattern(pattern)


def test_the_first_pattern_that_matches_is_named():
    patterns = PatternSet([Pattern("never"), Pattern("mail"), Pattern("lost mail")])
    assert patterns.find("a lost mail") == Pattern("mail")
    assert PatternSet([]).find("a lost mail") is None


def test_every_shipped_pattern_is_one():
    for rules in load_policy(POLICY).policy.signals.values():
        for pattern in (*rules.patterns, *rules.innocent):
            check_pattern(pattern.text)
