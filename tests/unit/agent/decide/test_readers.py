import pytest

from agent.decide.passages import find_steps
from agent.decide.readers import reader_of, written_for
from index.models import Evidence
from tests.cases import a_case, a_revision


def steps_of(text, reader="user"):
    revision = a_revision(text)
    return [step.text for step in find_steps(revision, [Evidence(0, 0, len(revision.text), (), 0.8, 5.0)], reader)]


@pytest.mark.parametrize(
    ("section", "reader"),
    [
        (["For the service desk"], "technician"),
        (["Resolution", "For the agent: finding the device"], "technician"),
        (["Technician"], "technician"),
        (["Agent's notes"], "technician"),
        (["2nd line steps"], "technician"),
        (["Internal use only"], "technician"),
        (["For administrators", "What you can do"], "user"),
        (["For the user"], "user"),
        (["Self-help"], "user"),
        (["Resolution"], "user"),
        (["Installing the support tool"], "user"),
        (["Log collection agent"], "user"),
        ([], "user"),
    ],
    ids=lambda value: " > ".join(value) if isinstance(value, list) else value,
)
def test_headings_say_for_whom_a_section_is(section, reader):
    assert written_for(section, ["Restart it."]) == reader


@pytest.mark.parametrize(
    ("steps", "reader"),
    [
        (["Ask the user for the asset tag.", "Reset the session."], "technician"),
        (["As an admin, open the console.", "Confirm with the caller that it works."], "technician"),
        (["The agent unlocks the account."], "technician"),
        (["Check the user's licence in the admin centre."], "technician"),
        (["Open Preferences.", "Ask the user beside you.", "Enable Always On."], "user"),
        (["Tell the agent your staff number.", "Sign in."], "user"),
        (["Call the service desk.", "Read out the key ID. The agent finds the key."], "user"),
        ([], "user"),
    ],
    ids=["ask", "admin", "agent-acts", "about-the-user", "one-of-three", "told-to-the-user", "mixed", "none"],
)  # fmt: skip
def test_where_no_heading_does_the_steps_say_it(steps, reader):
    assert written_for(["Resolution"], steps) == reader


def test_the_section_for_the_user_wins_whatever_the_order():
    text = (
        "# Locked\n\n## Resolution for the service desk\n\n1. Ask the user who they are.\n2. Unlock it.\n\n"
        "## What you can do\n\n1. Wait half an hour.\n2. Sign in slowly.\n"
    )
    assert steps_of(text) == ["Wait half an hour.", "Sign in slowly."]
    assert steps_of(text, "technician") == ["Ask the user who they are.", "Unlock it."]


def test_an_article_for_technicians_alone_has_no_steps_for_a_user():
    text = "# Locked\n\n## Resolution\n\n1. Ask the user who they are.\n2. Unlock the user's account.\n"
    assert steps_of(text) == []
    assert len(steps_of(text, "technician")) == 2


def test_a_command_behind_a_paragraph_for_the_agent_is_not_part_of_the_last_step():
    text = "# Locked\n\n## Fix\n\n1. Wait.\n2. Sign in.\n\nFor the agent:\n\n```\nGet-LockoutSource\n```\n"
    assert steps_of(text) == ["Wait.", "Sign in."]


def test_a_command_right_after_the_last_step_stays_with_it():
    assert "ipconfig" in steps_of("# A\n\n## Fix\n\n1. Wait.\n2. Run:\n\n```\nipconfig\n```\n")[-1]


@pytest.mark.parametrize(
    ("text", "reader"),
    [("[FIRING:1] KubePodCrashLooping on node-7", "technician"), ("My VPN drops", "user")],
    ids=["alert", "person"],
)
def test_an_alert_is_for_whoever_is_on_call(text, reader):
    assert reader_of(a_case(text=text)) == reader
