"""A ticket's words enter; what in them a person must see leaves: security, privileged, destructive, outage.

Patterns of the policy speak first. Where none does, labelled exemplars are asked, sentence by sentence and for the
ticket as a whole, by the index's own embedding model and by letters.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from agent.models import RiskKind, RiskSignal
from agent.risk.exemplars import RISKS
from agent.risk.fold import sentences, undisguise
from agent.risk.judge import Judge
from agent.risk.patterns import Pattern, PatternSet
from index.errors import IndexingError
from index.models import FloatMatrix, FloatVector

SENTENCES_READ = 200
"""Sentences judged by letters, from the first on; patterns read the whole ticket."""

SENTENCES_EMBEDDED = 8
"""Of these, how many are embedded, those first that their letters bring nearest to a risk."""

LEAST_ODDS = -2.5
"""Log odds of any risk by letters alone, below which a sentence is not embedded."""

RISK_ODDS = 1.0
"""Log odds of any risk from which a sentence carries one."""

STRICT_SHARE = 0.4
"""Of a sentence's risk, how much must be of a kind or a stricter one for the sentence to carry that kind."""

_ALERT = re.compile(
    r"^\s*\[?(?:firing|resolved)\b"
    r"|^\s*\[?(?:critical|warning|unknown|alert|problem|recovery|triggered)\]?\s?[:\-\]]"
    r"|\b\d{1,3}(?:\.\d{1,3}){3}:\d{2,5}\b"
    r"|\bin the last \d+ ?(?:m|h|min|minutes?|hours?)\b"
    r"|\bfor (?:more|longer|less) than \d+ ?(?:m|h|min|minutes?|hours?)\b"
    r"|\bfor the last \d+ ?(?:m|h|min|minutes?|hours?)\b"
    r"|\b\d+(?:\.\d+)? ?% of\b|\bon cluster \S+|\bnamespace\b|\b[a-z0-9-]+/[a-z0-9-]+-[a-z0-9]{5,}\b",
    re.IGNORECASE,
)
_PERSON = re.compile(
    r"\b(?:i|me|my|mine|we|us|our|ours|you|your|he|she|his|her|hi|hello|hey|please|pls|thanks|nobody|everyone|everybody|"
    r"anyone|someone|somebody|no one|people|staff|colleagues?|customers?|patients?|students?|help|dear|regards)\b",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Rules:
    """Patterns by kind, and what only sounds like them; `alerts_are_outages` lets machines report outages too."""

    patterns: Mapping[RiskKind, PatternSet]
    innocent: Mapping[RiskKind, PatternSet]
    alerts_are_outages: bool = False


class Recogniser:
    """Recognises risk in what a ticket says. Safe to call from several threads."""

    def __init__(self, rules: Rules, judge: Judge | None, embed: Callable[[Sequence[str]], FloatMatrix]) -> None:
        """Connect the parts.

        Args:
            rules: The policy's patterns.
            judge: What labelled sentences taught; without it patterns speak alone.
            embed: The model it was taught with.
        """
        self._rules = rules
        self._judge = judge
        self._embed = embed

    def recognise(self, text: str) -> tuple[RiskSignal, ...]:
        """Say what a ticket's text carries.

        Args:
            text: The requester's own words.

        Returns:
            One signal for each kind found, in the order of `RISKS`.
        """
        said = sentences(text)
        if not said:
            return ()
        kinds = [kind for kind in RISKS if kind != "outage" or self._rules.alerts_are_outages or not is_alert(text)]
        by_pattern = {kind: signal for kind in kinds if (signal := self._by_pattern(kind, said)) is not None}
        # What the strictest pattern has settled needs no model.
        learned = {} if "security" in by_pattern else self._by_exemplar(kinds, said)
        found = learned | by_pattern
        return tuple(found[kind] for kind in RISKS if kind in found)

    def _by_pattern(self, kind: RiskKind, said: Sequence[str]) -> RiskSignal | None:
        innocent = self._rules.innocent[kind]
        plain = innocent.blank("\n".join(said))
        mended = innocent.blank("\n".join(self._mend(undisguise(sentence)) for sentence in said))
        found = self._rules.patterns[kind].find(plain)
        if found is None and mended != plain:
            found = self._rules.patterns[kind].find(mended)
        return None if found is None else RiskSignal(kind, f"the pattern {_brief(found)}")

    def _mend(self, sentence: str) -> str:
        return sentence if self._judge is None else self._judge.speller.mend(sentence)

    def _by_exemplar(self, kinds: Sequence[RiskKind], said: Sequence[str]) -> dict[RiskKind, RiskSignal]:
        judge = self._judge
        chosen = self._chosen(said)
        if judge is None or not chosen:
            return {}
        try:
            vectors = self._embed(chosen)
        except IndexingError:
            # Without the model nothing is found either, which hands the ticket over; what patterns say still counts.
            return {}
        found: dict[RiskKind, RiskSignal] = {}
        shares = judge.by_both(chosen, vectors)
        for place in np.argsort(shares[:, -1]):
            kind = _kind(shares[place])
            if kind is None or kind not in kinds or kind in found:
                continue
            near, similarity = judge.nearest(kind, vectors[place])
            found[kind] = RiskSignal(kind, f"the exemplar {near.id} (similarity {similarity:.2f})")
        return found

    def _chosen(self, said: Sequence[str]) -> list[str]:
        """Return the sentences worth a look by meaning, those first that their letters bring nearest to a risk."""
        if self._judge is None:
            return []
        read = list(dict.fromkeys(said))[:SENTENCES_READ]
        odds = _odds(self._judge.by_letters(read)[:, -1])
        nearest = sorted(range(len(read)), key=lambda place: (-odds[place], place))[:SENTENCES_EMBEDDED]
        return [read[place] for place in nearest if odds[place] >= LEAST_ODDS]


def _odds(innocent: FloatVector) -> FloatVector:
    """Return the log odds of any risk, by the probability of none."""
    return np.asarray(np.log(np.maximum(1 - innocent, 1e-7)) - np.log(np.maximum(innocent, 1e-7)), dtype=np.float32)


def _kind(shares: FloatVector) -> RiskKind | None:
    """Return the strictest kind that a good share of a sentence's risk is of, or of a stricter one."""
    if _odds(shares[-1:])[0] < RISK_ODDS:
        return None
    risks = dict(zip(RISKS, shares, strict=False))
    enough = STRICT_SHARE * float(shares[: len(RISKS)].sum())
    if risks["security"] >= enough:
        return "security"
    if risks["security"] + risks["privileged"] + risks["destructive"] >= enough:
        return "privileged" if risks["privileged"] >= risks["destructive"] else "destructive"
    return "outage"


def is_alert(text: str) -> bool:
    """Say whether a text was written by monitoring: it has the marks of an alert, and speaks of no person."""
    return bool(_ALERT.search(text)) and not _PERSON.search(text)


def _brief(pattern: Pattern) -> str:
    text = pattern.text if len(pattern.text) <= 80 else pattern.text[:79] + "…"
    return f"{text!r} ({pattern.language})"
