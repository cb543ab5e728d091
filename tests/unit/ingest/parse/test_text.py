import pytest

from ingest.parse.text import parse_text

LONG = "This line is long enough that its editor must have wrapped it here,"


@pytest.mark.parametrize(
    ("source", "text"),
    [
        pytest.param(f"{LONG}\nand goes on.\n\nNext.", f"{LONG} and goes on.\n\nNext.", id="wrapped-lines-join"),
        pytest.param("Phone: 4400\nRoom: 12", "Phone: 4400\nRoom: 12", id="short-lines-stay"),
        pytest.param("1. a\n2) b\nStep 3: c", "1. a\n2. b\n3. c", id="steps"),
        pytest.param("- a\n* b\n• c", "- a\n- b\n- c", id="items"),
        pytest.param("1. a\n   goes on\n\n   more\n2. b", "1. a\n   goes on\n\n   more\n2. b", id="step-goes-on"),
        pytest.param("1. a\n\nText", "1. a\n\nText", id="text-after-list"),
        pytest.param("Intro\n\nFix\n---\nText", "Intro\n\n## Fix\n\nText", id="underlined"),
        pytest.param("Intro.\n\nHOW TO FIX:\n\nText", "Intro.\n\n## HOW TO FIX\n\nText", id="capitals"),
        pytest.param("Intro.\n\nFIX NOW.\n", "Intro.\n\nFIX NOW.", id="shouting-is-no-heading"),
        pytest.param(
            "Run:\n\n    a  b\n\n      c\n\nThen", "Run:\n\n```\na  b\n\n  c\n```\n\nThen", id="indented-code"
        ),
        pytest.param("```sh\n a\n\n b\n```\nx", "```sh\n a\n\n b\n```\n\nx", id="fenced-code"),
        pytest.param("```\nnever closed", "```\nnever closed", id="open-fence-is-text"),
        pytest.param("a\n---\n---\n---", "## a\n\n---\n---", id="rules"),
        pytest.param("2026 was a year. 3. not a step", "2026 was a year. 3. not a step", id="number-within"),
    ],
)
def test_normalises(source: str, text: str) -> None:
    parsed = parse_text(source)
    assert parsed.text == text
    for block in parsed.blocks:
        assert parsed.text[block.start : block.end].strip()


def test_a_leading_underlined_line_is_the_title() -> None:
    parsed = parse_text("VPN drops\n=========\n\nText")
    assert (parsed.title, parsed.text) == ("VPN drops", "Text")


def test_fences_that_are_never_closed_are_looked_for_once() -> None:
    text = parse_text("```x\n" * 50_000).text
    assert text.count("```x") == 50_000
