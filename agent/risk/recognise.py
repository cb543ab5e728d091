"""A ticket's words enter; what in them a person must see leaves: security, privileged, destructive, outage.

Patterns of the policy speak first. Then every sentence is judged by what labelled ones taught: by its letters, and,
where those come near to a risk, by its meaning too, as the index's own embedding model sees it.
"""

import math
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from agent.models import RiskKind, RiskSignal
from agent.reading.answering import without_answering
from agent.risk.exemplars import RISKS
from agent.risk.fold import sentences, undisguise
from agent.risk.judge import ByLetters, Judge
from agent.risk.patterns import Pattern, PatternSet
from index.errors import IndexingError
from index.models import FloatMatrix, FloatVector

SENTENCES_EMBEDDED = 64
"""A text with more sentences that are worth embedding is taken to carry every risk, so that no length hides one.

It is a person then who reads it. Of the labelled tickets none has more than 12; a pasted log may have hundreds.
"""

LEAST_ODDS = -1.5
"""Log odds of any risk by letters alone, below which a sentence without a hint is not embedded: one in 200 is lost."""

RISK_ODDS = 2.6
"""Log odds of any risk, by letters and meaning, from which a sentence carries one.

Exemplars are hard cases, half of them risky, and ordinary tickets are neither: at odds of 1 one harmless exemplar in 20
is taken for a risk, but so is one in three of the sample tickets that a runbook answers. At 2.6 it is two of 36. The
same for tickets of any length: were it higher for longer ones, a ticket could be talked down by adding to it.
"""

HINT_ODDS = 0.0
"""The same for a sentence in which a hint matches."""

LEAST_SIMILARITY = 0.3
"""How like the nearest exemplar of its kind such a sentence must be: a few words out of any context are near to none.

It costs no ticket of the development set, and spares one in nine of the operations manual's headings that it stopped.
"""

LETTER_ODDS = 3.5
"""The same for a sentence judged by its letters alone."""

STRICT_SHARE = 0.25
"""Of a sentence's risk, how much must be of a kind or a stricter one for the sentence to carry that kind.

Of the security exemplars left out it leaves 0.88 with security, and takes one outage in ten for security.
"""

_TOO_MANY = f"more than {SENTENCES_EMBEDDED} sentences that come near to a risk, too many to judge"

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
    """Patterns by kind, hints, and what only sounds so; `alerts_are_outages` lets machines report outages too."""

    patterns: Mapping[RiskKind, PatternSet]
    hints: Mapping[RiskKind, PatternSet]
    innocent: Mapping[RiskKind, PatternSet]
    alerts_are_outages: bool = False


@dataclass(frozen=True, slots=True)
class _Said:
    """A sentence, the hints in it, and what is made of it.

    Attributes:
        text: The sentence, its disguises undone.
        hints: By kind.
        scores: Log probability of each label, `(n_labels,) float32`.
        vector: Its embedding, `(dim,) float32`; `None` where letters speak alone.
    """

    text: str
    hints: Mapping[RiskKind, Pattern]
    scores: FloatVector
    vector: FloatVector | None = None

    @property
    def odds(self) -> float:
        """Log odds of any risk."""
        innocent = min(float(self.scores[-1]), -1e-6)
        return math.log(-math.expm1(innocent)) - innocent


class Recogniser:
    """Recognises risk in what a ticket says. Safe to call from several threads.

    Every sentence is judged by itself, so that nothing a ticket adds takes back what one of its sentences says.
    """

    def __init__(
        self, rules: Rules, letters: ByLetters, judge: Judge | None, embed: Callable[[Sequence[str]], FloatMatrix]
    ) -> None:
        """Connect the parts.

        Args:
            rules: The policy's patterns.
            letters: What labelled sentences taught by their letters.
            judge: The same by letters and meaning; without it letters speak alone.
            embed: The model it was taught with.
        """
        self._rules = rules
        self._letters = letters
        self._judge = judge
        self._embed = embed

    def recognise(self, text: str) -> tuple[RiskSignal, ...]:
        """Say what a ticket's text carries.

        Args:
            text: The requester's own words.

        Returns:
            One signal for each kind found, in the order of `RISKS`.
        """
        said = tuple(dict.fromkeys(sentences(text)))
        if not said:
            return ()
        monitored = written_by_monitoring(text)
        kinds = [kind for kind in RISKS if kind != "outage" or self._rules.alerts_are_outages or not monitored]
        mended = [self._letters.speller.mend(undisguise(sentence)) for sentence in said]
        found = {kind: signal for kind in kinds if (signal := self._by_pattern(kind, said, mended)) is not None}
        for signal in self._by_exemplars(kinds, said, mended, taught=not monitored):
            if signal.kind in kinds:
                found.setdefault(signal.kind, signal)
        return tuple(found[kind] for kind in RISKS if kind in found)

    def _by_pattern(self, kind: RiskKind, said: Sequence[str], mended: Sequence[str]) -> RiskSignal | None:
        found = self._find(kind, self._rules.patterns[kind], "\n".join(said), "\n".join(mended))
        return None if found is None else RiskSignal(kind, f"the pattern {_brief(found)}")

    def _find(self, kind: RiskKind, patterns: PatternSet, plain: str, mended: str) -> Pattern | None:
        innocent = self._rules.innocent[kind]
        return patterns.find(innocent.blank(plain)) or (
            patterns.find(innocent.blank(mended)) if mended != plain else None
        )

    def _by_exemplars(
        self, kinds: Sequence[RiskKind], said: Sequence[str], mended: Sequence[str], *, taught: bool
    ) -> Iterator[RiskSignal]:
        """Judge every sentence, the riskiest first: by meaning too where a hint or its letters make it worth it."""
        hinted = [
            kind for kind in kinds if self._find(kind, self._rules.hints[kind], "\n".join(said), "\n".join(mended))
        ]
        judged = (
            _Said(undisguise(sentence), self._hints(hinted, sentence, spelt), scores)
            for sentence, spelt, scores in zip(said, mended, self._letters.scores(said), strict=True)
        )
        worth = [one for one in judged if one.hints or (taught and one.odds >= LEAST_ODDS)]
        if len(worth) > SENTENCES_EMBEDDED:
            yield from (RiskSignal(kind, _TOO_MANY) for kind in kinds)
            return
        for one in sorted(self._by_meaning(worth), key=lambda one: -one.odds):
            yield from self._signals(one, taught=taught)

    def _hints(self, kinds: Sequence[RiskKind], sentence: str, mended: str) -> dict[RiskKind, Pattern]:
        found = ((kind, self._find(kind, self._rules.hints[kind], sentence, mended)) for kind in kinds)
        return {kind: hint for kind, hint in found if hint is not None}

    def _by_meaning(self, said: Sequence[_Said]) -> list[_Said]:
        if self._judge is None or not said:
            return list(said)
        texts = [one.text for one in said]
        try:
            vectors = self._embed(texts)
        except IndexingError:
            # Without the model nothing is found either, which hands the ticket over; what letters say still counts.
            return list(said)
        scores = self._judge.scores(texts, np.stack([one.scores for one in said]), vectors)
        return [replace(one, scores=scores[row], vector=vectors[row]) for row, one in enumerate(said)]

    def _signals(self, said: _Said, *, taught: bool) -> Iterator[RiskSignal]:
        """Say what a sentence carries; `taught` lets exemplars speak, not only patterns.

        A machine asks for nothing and reports no theft, but speaks of what failed, was evicted and is down.
        """
        odds = said.odds
        if odds >= HINT_ODDS:
            yield from (RiskSignal(kind, f"the pattern {_brief(hint)}") for kind, hint in said.hints.items())
        if not taught:
            return
        if self._judge is None or said.vector is None:
            if odds >= LETTER_ODDS:
                yield RiskSignal(_kind(said.scores), "its letters, like those of exemplars")
        elif odds >= RISK_ODDS:
            kind = _kind(said.scores)
            near, similarity = self._judge.nearest(kind, said.vector)
            if similarity >= LEAST_SIMILARITY:
                yield RiskSignal(kind, f"the exemplar {near} (similarity {similarity:.2f})")


def _kind(scores: FloatVector) -> RiskKind:
    """Return the strictest kind that a good share of a sentence's risk is of, or of a stricter one."""
    risks = dict(zip(RISKS, np.exp(scores).tolist(), strict=False))
    enough = STRICT_SHARE * sum(risks.values())
    if risks["security"] >= enough:
        return "security"
    if risks["security"] + risks["privileged"] + risks["destructive"] >= enough:
        return "privileged" if risks["privileged"] >= risks["destructive"] else "destructive"
    return "outage"


def written_by_monitoring(text: str) -> bool:
    """Say whether nobody but a machine speaks: the text has the marks of an alert, and speaks of no person.

    What is said of the answer to it ("put this into your reply") does not count: whoever adds that would otherwise make
    an outage of any alert.
    """
    return bool(_ALERT.search(text)) and not _PERSON.search(without_answering(text))


def _brief(pattern: Pattern) -> str:
    text = pattern.text if len(pattern.text) <= 80 else pattern.text[:79] + "…"
    return f"{text!r} ({pattern.language})"
