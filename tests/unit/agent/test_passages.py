import pytest

from agent.decide.passages import MAX_PASSAGE_CHARS, find_passage, find_steps
from index.models import Evidence
from tests.cases import a_revision


def whole(revision):
    return [Evidence(0, 0, len(revision.text), (), 0.8, 5.0)]


def texts(quotes):
    return [quote.text for quote in quotes]


def test_takes_the_ordered_steps_of_the_resolution_section():
    revision = a_revision(
        "# VPN\n\n## Symptoms\n\n1. It drops.\n\n## Resolution\n\n1. Open Preferences.\n2. Enable Always On.\n\n"
        "## Escalation\n\n1. Call netops.\n"
    )
    assert texts(find_steps(revision, whole(revision))) == ["Open Preferences.", "Enable Always On."]


def test_a_command_the_author_forgot_to_indent_stays_with_its_step():
    revision = a_revision("# A\n\n## Fix\n\n1. Run:\n\n```bash\nls -l\n```\n\n2. Read it.\n")
    first, second = texts(find_steps(revision, whole(revision)))
    assert first.startswith("Run:")
    assert "ls -l" in first
    assert second == "Read it."


def test_bullets_count_as_steps_under_a_resolution_heading():
    revision = a_revision("# A\n\n## Mitigation\n\n- Restart it.\n- Check the log.\n")
    assert texts(find_steps(revision, whole(revision))) == ["Restart it.", "Check the log."]


def test_among_equal_sections_the_ticket_decides():
    revision = a_revision(
        "# A\n\n## How to fix it on macOS\n\n1. Mac step.\n\n## How to fix it on Windows\n\n1. Win step.\n"
    )
    start = revision.text.index("Win step")
    evidence = [Evidence(1, start, start + 8, (), 0.9, 1.0), Evidence(0, 0, start - 10, (), 0.4, 1.0)]
    assert texts(find_steps(revision, evidence)) == ["Win step."]


def test_an_article_without_steps_answers_with_the_passage_that_matched():
    revision = a_revision("# Wi-Fi\n\nThe code is on the reception desk.\n")
    assert texts(find_steps(revision, whole(revision))) == ["The code is on the reception desk."]


@pytest.mark.parametrize("heading", ["Symptoms", "Escalation", "Background", "Checks"])
def test_steps_elsewhere_win_over_a_section_that_is_not_for_action(heading):
    revision = a_revision(f"# A\n\n## {heading}\n\n1. Not this.\n\n## On your laptop\n\n1. This.\n")
    assert texts(find_steps(revision, whole(revision))) == ["This."]


def test_every_quote_is_its_span():
    revision = a_revision("# A\n\n## Steps\n\n1. One\n   - nested\n2. Two `x  y`\n")
    quotes = find_steps(revision, whole(revision))
    assert len(quotes) == 2
    assert all(revision.text[q.start : q.end] == q.text for q in quotes)


def test_a_long_passage_is_cut_at_a_sentence_and_stays_verbatim():
    revision = a_revision("# A\n\n" + "This sentence is repeated. " * 40)
    quote = find_passage(revision, whole(revision)[0])
    assert quote is not None
    assert len(quote.text) <= MAX_PASSAGE_CHARS
    assert quote.text.endswith(".")
    assert revision.text[quote.start : quote.end] == quote.text
