import json
from pathlib import Path

import pytest

from agent.reading.tone import sentiment_of

LABELLED = [
    json.loads(line) for line in Path(__file__).with_name("tone.jsonl").read_text(encoding="utf-8").splitlines()
]
SAID = [one for one in LABELLED if not one.get("sarcasm")]
SARCASTIC = [one for one in LABELLED if one.get("sarcasm")]


@pytest.mark.parametrize("one", SAID, ids=lambda one: one["text"][:40])
def test_what_is_said_is_heard(one):
    assert sentiment_of(one["text"]) == one["sounds"]


def test_both_tones_are_tried():
    assert min(sum(one["sounds"] == tone for one in SAID) for tone in ("frustrated", "neutral")) >= 25


@pytest.mark.parametrize("one", SARCASTIC, ids=lambda one: one["text"][:40])
def test_sarcasm_without_a_cue_is_not_heard(one):
    # A known limit, written down so that whoever lifts it notices.
    assert sentiment_of(one["text"]) == "neutral"


@pytest.mark.parametrize("text", ["", "ok", "VPN", "HELP"], ids=["empty", "short", "name", "shouted-word"])
def test_too_little_to_tell_is_neutral(text):
    assert sentiment_of(text) == "neutral"
