import json

import pytest

from agent.decide.selection import Selection, read_reply
from agent.errors import ModelError

CHOSEN = {"outcome": "RESOLVE", "article": 1, "steps": [1, 2], "opening": "Try this.", "question": ""}
REPLY = json.dumps(CHOSEN)


@pytest.mark.parametrize(
    "said",
    [
        REPLY,
        f"```json\n{REPLY}\n```",
        f"<think>{{ not this }}</think>\n{REPLY}",
        f"Certainly: {REPLY} Anything else?",
        json.dumps(CHOSEN, indent=2),
    ],
    ids=["bare", "fenced", "thought", "talked-around", "indented"],
)
def test_the_object_in_a_reply_is_found(said) -> None:
    assert read_reply(said, Selection) == Selection(**CHOSEN)


def test_raw_control_characters_which_a_grammar_may_allow_are_spaces() -> None:
    said = REPLY.replace("Try this.", "Try\nthis\x01.")
    assert read_reply(said, Selection).opening == "Try this ."


@pytest.mark.parametrize(
    "said", ["", "no", "{", REPLY[:-1], "[" * 50_000, "{" * 50_000 + "}", REPLY.replace("RESOLVE", "DELETE_ALL")]
)
def test_anything_else_is_refused_without_being_repeated(said) -> None:
    with pytest.raises(ModelError) as caught:
        read_reply(said, Selection)
    assert "DELETE_ALL" not in str(caught.value)
