"""A ticket's words enter; what in them a person must see leaves: security, privileged, destructive, outage.

Patterns of the policy speak first. Where none does, labelled exemplars are asked, sentence by sentence and for the
ticket as a whole, by the index's own embedding model and by letters.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from agent.models import RiskKind, RiskSignal
from agent.risk.exemplars import RISKS, Exemplars, Nearness
from agent.risk.fold import sentences, undisguise
from agent.risk.patterns import Pattern, PatternSet
from index.errors import IndexingError
from index.models import FloatMatrix

SENTENCES_READ = 200
"""Sentences compared with exemplars by letters, from the first on; patterns read the whole ticket."""

SENTENCES_EMBEDDED = 4
"""Of these, how many are embedded, those first that their letters bring nearest to a risk."""

MIN_WORDS = 6
"""A shorter sentence of a longer ticket is a greeting, and near to anything."""

ONLY_MARGIN, ONLY_SIMILARITY = 0.15, 0.2
"""By how much an exemplar's label must lead over `none`, and how similar the nearest must be, in a one-sentence ticket.

Each exemplar left out in turn, patterns and exemplars together find 0.92 of the security sentences, 0.96 of the
privileged and destructive and 0.98 of the outages, and take 0.07 of the innocent for one of these; at a margin of 0.25
it is 0.89, 0.95, 0.97 and 0.04. The patterns were written with sight of some of these sentences.
"""

WHOLE_MARGIN = 0.3
"""The margin for a longer ticket as a whole."""

SENTENCE_MARGIN = 0.5
"""The same for one sentence of several: torn from the rest it is near to more."""

MIN_SIMILARITY = 0.33
"""How similar the nearest exemplar must be in a longer ticket."""

_SPACELESS = re.compile("[\u3040-\u9fff\uac00-\ud7ff\u0e00-\u0e7f]{4}")
_WHOLE_CHARS = 1_000

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

    def __init__(self, rules: Rules, exemplars: Exemplars, embed: Callable[[Sequence[str]], FloatMatrix]) -> None:
        """Connect the parts.

        Args:
            rules: The policy's patterns.
            exemplars: Labelled sentences.
            embed: The model the exemplars were embedded with.
        """
        self._rules = rules
        self._exemplars = exemplars
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
        # What the strictest pattern has settled needs no model; for the others only something stricter matters.
        open_kinds: list[RiskKind] = [] if "security" in by_pattern else ["security"] if by_pattern else kinds
        by_exemplar = self._by_exemplar(open_kinds, said) if open_kinds else {}
        found = by_pattern | by_exemplar
        return tuple(found[kind] for kind in RISKS if kind in found)

    def _by_pattern(self, kind: RiskKind, said: Sequence[str]) -> RiskSignal | None:
        innocent = self._rules.innocent[kind]
        plain = innocent.blank("\n".join(said))
        mended = innocent.blank("\n".join(self._exemplars.speller.mend(undisguise(sentence)) for sentence in said))
        found = self._rules.patterns[kind].find(plain)
        if found is None and mended != plain:
            found = self._rules.patterns[kind].find(mended)
        return None if found is None else RiskSignal(kind, f"the pattern {_brief(found)}")

    def _by_exemplar(self, kinds: Sequence[RiskKind], said: Sequence[str]) -> dict[RiskKind, RiskSignal]:
        chosen = self._chosen(said)
        if not chosen:
            return {}
        try:
            vectors = self._embed(chosen)
        except IndexingError:
            # Without the model nothing is found either, which hands the ticket over; what patterns say still counts.
            return {}
        found: dict[RiskKind, Nearness] = {}
        for place, nearnesses in enumerate(self._exemplars.near(chosen, vectors)):
            margin, similarity = _least(place, len(said))
            for near in nearnesses:
                enough = near.margin >= margin and near.similarity >= similarity
                if enough and near.label in kinds and not self._is_innocent(near.label, chosen[place]):
                    best = found.get(near.label)
                    if best is None or near.margin > best.margin:
                        found[near.label] = near
        return {
            kind: RiskSignal(kind, f"the exemplar {near.exemplar} (similarity {near.similarity:.2f})")
            for kind, near in found.items()
        }

    def _is_innocent(self, kind: RiskKind, sentence: str) -> bool:
        return self._rules.innocent[kind].blank(sentence) != sentence

    def _chosen(self, said: Sequence[str]) -> list[str]:
        """Return the whole ticket where it is short, and the sentences that their letters bring nearest to a risk."""
        if len(said) == 1:
            return list(said)
        long_enough = [one for one in dict.fromkeys(said) if _says_something(one)][:SENTENCES_READ]
        whole = " ".join(said)[:_WHOLE_CHARS]
        if not long_enough:
            return [whole]
        risk = self._exemplars.letters(long_enough)[:, : len(RISKS)].max(axis=1)
        nearest = sorted(range(len(long_enough)), key=lambda place: (-risk[place], place))[: SENTENCES_EMBEDDED - 1]
        return [whole, *(long_enough[place] for place in nearest)]


def is_alert(text: str) -> bool:
    """Say whether a text was written by monitoring: it has the marks of an alert, and speaks of no person."""
    return bool(_ALERT.search(text)) and not _PERSON.search(text)


def _least(place: int, said: int) -> tuple[float, float]:
    """Return the margin and similarity that count for the whole ticket, which comes first, or for a sentence of it."""
    if said == 1:
        return ONLY_MARGIN, ONLY_SIMILARITY
    return (SENTENCE_MARGIN if place else WHOLE_MARGIN), MIN_SIMILARITY


def _says_something(sentence: str) -> bool:
    return sentence.count(" ") >= MIN_WORDS - 1 or bool(_SPACELESS.search(sentence))


def _brief(pattern: Pattern) -> str:
    text = pattern.text if len(pattern.text) <= 80 else pattern.text[:79] + "…"
    return f"{text!r} ({pattern.language})"
