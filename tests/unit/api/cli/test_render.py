import io

import pytest
from rich.cells import cell_len
from rich.console import Console

from agent.schema import Step, TicketSummary
from api.cli.render import DecisionCard

HOSTILE = "[bold red]pwned[/] [link=https://evil.example]here[/link] \x1b[2J\x1b]0;t\x07\u202ereversed"


def drawn(decision, *, width=80, terminal=False) -> str:
    console = Console(file=io.StringIO(), width=width, force_terminal=terminal, highlight=False)
    console.print(DecisionCard(decision))
    return console.file.getvalue()


def test_a_decision_shows_what_a_technician_checks(decision):
    card = drawn(decision)
    for part in (
        "INC-1042",
        "VPN drops on café Wi-Fi",
        "GUIDE USER",
        "confidence 93 %",
        "P3",
        "Network Operations",
        "1. Open Preferences > Network and enable Always On. [1]",
        "confluence/IT/98342 · version 19",
        "fresh · reviewed 2026-10-01, due 2027-04-01",
        "owner netops",
        "Resolution",
    ):
        assert part in card


def test_who_takes_over_is_told_by_which_past_tickets(decision):
    assert "to Network Operations as OLD-1 (80 %)" in drawn(decision)
    by_policy = decision.routing.model_copy(update={"team": decision.routing.priority})
    assert "OLD-1" not in drawn(decision.model_copy(update={"routing": by_policy}))


def test_a_citation_of_a_file_names_its_page(make_decision, make_citation):
    cited = make_citation(article_id="confluence/IT/98342/attachments/att7", attached_to="confluence/IT/98342")
    assert "attached to confluence/IT/98342" in drawn(make_decision(citations=(cited,)))


def test_steps_within_the_reply_are_shown_once(decision):
    assert drawn(decision).count("Open Preferences") == 1


def test_steps_that_the_reply_leaves_out_are_shown_beside_it(make_decision):
    card = drawn(make_decision(user_message="We found something."))
    assert "Steps" in card
    assert card.count("Open Preferences") == 1


def test_a_refusal_says_why_and_what_would_change_it(refusal):
    card = drawn(refusal)
    for part in (
        "Not acted on: the runbook is overdue for review",
        "review was due on 2026-10-20",
        "needs 0.35",
        "a review by its owner, netops",
        "“The VPN drops when roaming.”",
        "31 days overdue",
        "For whoever takes over",
    ):
        assert part in card


def test_a_pipe_gets_no_escape_sequence_and_no_box(refusal):
    card = drawn(refusal)
    assert "\x1b" not in card
    assert "╭" not in card
    assert "╭" in drawn(refusal, terminal=True)


@pytest.mark.parametrize("width", [40, 80, 200])
def test_no_line_is_wider_than_the_terminal(decision, refusal, width):
    for one in (decision, refusal):
        assert max(cell_len(line) for line in drawn(one, width=width).splitlines()) <= min(width, 100)


def test_hostile_text_is_shown_and_never_obeyed(make_decision, make_citation):
    hostile = make_decision(
        ticket=TicketSummary(HOSTILE, "email", HOSTILE),
        assigned_team=HOSTILE,
        category=HOSTILE,
        tags=(HOSTILE,),
        steps=(Step(HOSTILE, 1),),
        user_message=HOSTILE,
        citations=(
            make_citation(
                quote=HOSTILE, title=HOSTILE, url=HOSTILE, owner=HOSTILE, version=HOSTILE, section=(HOSTILE,)
            ),
            make_citation(n=2, quote="other " + HOSTILE, title=HOSTILE, article_id=HOSTILE),
        ),
    )
    card = drawn(hostile, width=100)
    assert "[bold red]pwned[/]" in card
    assert "[link=https://evil.example]here[/link]" in card
    assert not set(card) & {"\x1b", "\u202e", "\x07"}


def test_a_step_with_a_list_and_a_command_reads_like_one(make_decision):
    text = "Flush the cache:\n\n   ```powershell\n   ipconfig /flushdns\n   ```\n\n   - on Windows\n     - twice"
    decision = make_decision(steps=(Step(text, 1),), user_message=f"Try:\n\n{text}\n\nBye.")
    card = drawn(decision)
    assert "```" not in card
    for line in (
        "  1. Flush the cache:\n",
        "         ipconfig /flushdns\n",
        "     - on Windows\n",
        "       - twice [1]\n",
    ):
        assert line in "\n".join(part.rstrip() for part in card.split("\n"))


def test_what_the_reason_names_is_not_said_again(refusal):
    assert drawn(refusal).count("'confluence/IT/98342'") == 1
    assert "closest" not in drawn(refusal)


def test_no_owner_and_no_version_are_said(make_decision, make_citation):
    card = drawn(make_decision(citations=(make_citation(owner=None, version=None, url=None),)))
    assert "no owner" in card
    assert "revision abababababab" in card
