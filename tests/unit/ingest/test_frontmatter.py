import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.frontmatter import MAX_FRONT_MATTER_CHARS, split_front_matter
from ingest.metadata import read_metadata
from ingest.models import EVERYONE


@pytest.mark.parametrize(
    ("source", "fields", "body"),
    [
        pytest.param("---\ntitle: VPN\n---\nText", {"title": "VPN"}, "Text", id="yaml"),
        pytest.param("\ufeff--- \ntitle: VPN\n...\nText", {"title": "VPN"}, "Text", id="mark-and-dots"),
        pytest.param('+++\ntitle = "VPN"\n+++\nText', {"title": "VPN"}, "Text", id="toml"),
        pytest.param("---\n---\nText", {}, "Text", id="empty"),
        pytest.param("---\n# only a comment\n---\nText", {}, "Text", id="comment"),
        pytest.param("---\na: 2026-13-45\n---\n", {"a": "2026-13-45"}, "", id="impossible-date-stays-text"),
        pytest.param("---\na: no\nb: 012\nc: 1:30\n---\n", {"a": "no", "b": "012", "c": "1:30"}, "", id="words-stay"),
        pytest.param('---\na:\nb: ~\nc: "null"\n---\n', {"a": None, "b": None, "c": "null"}, "", id="null"),
        pytest.param("---\na: [x, 1]\n---\n", {"a": ["x", "1"]}, "", id="list"),
        pytest.param("---\na: !!python/object:os.system x\n---\n", {"a": "x"}, "", id="tags-do-nothing"),
        pytest.param("Text\n---\na: b\n---\n", {}, "Text\n---\na: b\n---\n", id="not-at-the-top"),
        pytest.param("---\n\nProse between rules.\n\n---\n", {}, "---\n\nProse between rules.\n\n---\n", id="rules"),
        pytest.param("---\nA rule that begins a text\n", {}, "---\nA rule that begins a text\n", id="one-rule"),
    ],
)
def test_splits(source: str, fields: dict[str, object], body: str) -> None:
    front = split_front_matter(source)
    assert (front.fields, front.body, front.malformed, front.warnings) == (fields, body, (), ())


@pytest.mark.parametrize(
    ("raw", "problem"),
    [
        pytest.param("title: VPN: drops", "not valid YAML at line 3: mapping values are not allowed here", id="colon"),
        pytest.param("a: [1, 2", "not valid YAML", id="open-bracket"),
        pytest.param("\tb: c", "not valid YAML", id="tab"),
        pytest.param("a: \x07", "not valid YAML", id="control-character"),
        pytest.param("a: &x [1]\n" + "\n".join(f"b{i}: *x" for i in range(20)), "aliases", id="alias-bomb"),
        pytest.param("a: " + "[" * 500 + "]" * 500, "levels", id="deep"),
        pytest.param("a: *nowhere", "not valid YAML", id="unknown-alias"),
        pytest.param("a: " + "x" * MAX_FRONT_MATTER_CHARS, "expected at most 65,536", id="huge"),
    ],
)
def test_keeps_body_and_single_statements_of_what_it_cannot_read(raw: str, problem: str) -> None:
    front = split_front_matter(f"---\naudience: it\n{raw}\n---\nText")
    assert front.body == "Text"
    assert front.malformed
    assert problem in front.warnings[0]
    assert front.fields["audience"] == "it"


def test_broken_toml_is_salvaged_too() -> None:
    front = split_front_matter('+++\naudience = "it"\nbroken = [1\n+++\nText')
    assert front.fields["audience"] == "it"
    assert "not valid TOML" in front.warnings[0]


def test_reports_front_matter_that_is_never_closed() -> None:
    front = split_front_matter("---\nstatus: draft\n\nText")
    assert (front.fields, front.body) == ({"status": "draft"}, "Text")
    assert front.malformed
    assert "never closed" in front.warnings[0]


@pytest.mark.parametrize(
    ("raw", "audience"),
    [
        pytest.param("audience: hr\naudience: everyone", (), id="said-twice"),
        pytest.param("audience: hr\nAudience: everyone", (), id="said-twice-in-another-case"),
        pytest.param("audience: hr\naudience: hr", ("hr",), id="repeated"),
        pytest.param("audience: hr\naudience: everyone\ntitle: [", (), id="said-twice-in-broken-yaml"),
        pytest.param('"audience": hr\ntitle: [', (), id="a-quoted-key-in-broken-yaml"),
        pytest.param("{audience: hr, title: [", (), id="flow"),
        pytest.param("- audience: hr", (), id="a-list"),
        pytest.param("audience:hr\ntitle: [", (), id="no-space"),
        pytest.param("a: " + "x" * MAX_FRONT_MATTER_CHARS + "\naudience: hr", (), id="huge"),
        pytest.param("title: [\nwho: the audience is hr", (EVERYONE,), id="only-the-word"),
    ],
)
@pytest.mark.parametrize("opening", ["---\n", "\n \n---\n"], ids=["at-the-top", "below-blank-lines"])
def test_a_restriction_that_cannot_be_understood_leaves_no_reader(
    opening: str, raw: str, audience: tuple[str, ...]
) -> None:
    front = split_front_matter(f"{opening}{raw}\n---\nText")
    assert read_metadata(front.fields).metadata.audience == audience


def test_a_restriction_below_a_blank_line_of_unclosed_front_matter_leaves_no_reader() -> None:
    front = split_front_matter("---\ntitle: VPN\n\naudience: hr\n\nText")
    assert read_metadata(front.fields).metadata.audience == ()


def test_two_equal_keys_are_reported() -> None:
    front = split_front_matter("---\na: 1\na: 2\n---\n")
    assert front.warnings == ("front matter states 'a' twice; only what they agree on counts",)


def test_a_key_that_is_no_word_is_reported() -> None:
    front = split_front_matter("---\n[a, b]: 1\nc: 2\n---\n")
    assert front.fields == {"c": "2"}
    assert "not a word at line 2" in front.warnings[0]


@given(st.text(alphabet="-+.:[]{}&*!|>'\"#\n abc=~", max_size=200))
def test_no_front_matter_breaks_the_reader(raw: str) -> None:
    split_front_matter(f"---\n{raw}\n---\nText")
    split_front_matter(f"+++\n{raw}\n+++\nText")
