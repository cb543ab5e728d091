"""Quotes are changed at random: a changed word is always caught, a changed space or sign of typography seldom."""

import random
import unicodedata

import pytest

from agent.actionable import fold
from agent.gates import run_gates
from agent.models import Draft, Quote
from agent.verify import verify
from tests.cases import POLICY, Shelf, a_candidate, a_case, a_revision, assessed

TEXT = (
    "# Mail\n\n## Fix\n\n1. Open Settings > Accounts and don't remove account 2.\n"
    "2. Set the port to 993 – never to 143 – and the host to mail.example.\n"
    "3. Type `runmail --reset=soft`; it isn't destructive.\n4. Wait 30 seconds, then sign in again.\n"
)
REVISION = a_revision(TEXT, "mail/imap")
SHELF = Shelf(REVISION)
CASE = a_case(assessed(a_candidate("mail/imap", revision=REVISION.revision)))
VERDICT = run_gates(CASE, POLICY)
STEPS = [block for block in REVISION.blocks if block.kind == "step"]
TYPOGRAPHY = {
    " ": ["  ", "\u00a0", "\n", " \t", "\u2009"], "'": ["’", "‘", "ʼ"], "–": ["-", "—", "‑"], "-": ["‑", "–"],
    "fi": ["ﬁ"], "3": ["３"], "e": ["e\u200b", "ｅ"], "s": ["s\u00ad"],
}  # fmt: skip


def accepted(step, text):
    quote = Quote("mail/imap", REVISION.revision, step.start, step.end, text, step.section)
    return not verify(Draft("RESOLVE", (quote,), "Here is what to do."), CASE, VERDICT, SHELF)


def mutate(text, chance):
    """Change what a text says: a letter, a digit, a word, a negation, or where it ends."""
    words = text.split(" ")
    place = chance.randrange(len(words))
    kind = chance.randrange(7)
    if kind == 0:
        at = chance.randrange(len(text))
        return text[:at] + chance.choice("abcxyz019;/.") + text[at + 1 :]
    if kind == 1:
        return "".join(str((int(c) + chance.randrange(1, 10)) % 10) if c.isascii() and c.isdigit() else c for c in text)
    if kind == 2:
        del words[place]
    elif kind == 3:
        words.insert(place, chance.choice(["not", "never", "always", "sudo"]))
    elif kind == 4:
        words[place] = words[place][::-1]
    elif kind == 5:
        other = chance.choice(STEPS)
        words = [*words[:place], *REVISION.text[other.start : other.end].split(" ")[place:]]
    else:
        return text + chance.choice([" Then reboot.", "x", " 1", "!"])
    return " ".join(words)


def typeset(text, chance):
    """Write a text as another program might: other spaces, quotation marks, dashes, ligatures, invisible signs."""
    changed = text
    for plain in chance.sample(sorted(TYPOGRAPHY), 3):
        changed = changed.replace(plain, chance.choice(TYPOGRAPHY[plain]))
    return unicodedata.normalize(chance.choice(["NFC", "NFD", "NFKC"]), changed)


def run(times, seed):
    """Return how many changed quotes were accepted, and what share of those merely typeset was not."""
    chance = random.Random(seed)
    wrongly_accepted = wrongly_refused = 0
    for _ in range(times):
        step = chance.choice(STEPS)
        text = REVISION.text[step.start : step.end]
        changed = mutate(text, chance)
        # Some changes change nothing: a digit for itself, a splice of the same step.
        if "".join(changed.split()) != "".join(text.split()):
            wrongly_accepted += accepted(step, changed)
        wrongly_refused += not accepted(step, typeset(text, chance))
    return wrongly_accepted, wrongly_refused / times


def test_a_changed_quote_is_caught_and_a_typeset_one_is_not():
    wrongly_accepted, wrongly_refused = run(500, seed=1)
    assert wrongly_accepted == 0
    assert wrongly_refused <= 0.005


@pytest.mark.soak
def test_ten_thousand_changed_quotes_are_caught():
    wrongly_accepted, wrongly_refused = run(10_000, seed=2)
    assert wrongly_accepted == 0
    assert wrongly_refused <= 0.005


def test_the_text_of_a_quote_is_compared_as_a_whole():
    assert fold("a b") != fold("ab")
