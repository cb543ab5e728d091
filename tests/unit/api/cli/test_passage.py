import pytest

from api.cli.passage import excerpt, passage, quoted


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Open Settings.", "Open Settings."),
        ("Do:\n   - one\n     - two", "Do:\n- one\n  - two"),
        ("Run\n\n```sh\nls -l\n```\n\nagain", "Run\n\n    ls -l\n\nagain"),
        ("Run\n   ~~~~\n   a ``` b\n   ~~~~", "Run\n    a ``` b"),
        ("```\nnever closed", "\n    never closed"),
    ],
    ids=["plain", "nested list", "fence", "fence of tildes in a list", "open fence"],
)
def test_a_span_loses_its_place_in_the_article_and_nothing_else(text, shown):
    assert passage(text).plain.strip("\n") == shown.strip("\n")


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("short", "short"),
        ("a\nb\nc", "a\nb …"),
        ("## Checks\n\na\nb", "a\nb"),
        ("```\nb\nc", "```\nb …"),
        ("a\n```\nc", "a\n```\n…"),
        ("x" * 30, "x" * 20 + " …"),
    ],
    ids=["short", "lines", "heading", "within code", "at a fence", "characters"],
)
def test_a_long_span_is_cut_and_says_so(text, shown):
    assert excerpt(text, max_lines=2, max_chars=20) == shown


def test_quotation_marks_stand_around_code_too():
    assert quoted("Run\n```\nls\n```").plain == "“Run\n    ls”"
