"""A policy and its exemplars enter; a reader leaves that says what a ticket's words mean under that policy."""

from collections.abc import Callable, Sequence

from agent.models import Reading, RiskSignal, Signals, Ticket
from agent.policy import Policy, SignalRules
from agent.risk.exemplars import RISKS
from agent.risk.fold import sentences
from agent.risk.judge import ByLetters, Judge
from agent.risk.language import foreign_language
from agent.risk.patterns import Pattern, PatternSet
from agent.risk.recognise import Recogniser, Rules
from agent.scrub import without_marks
from index.models import FloatMatrix


class SignalReader:
    """Reads tickets under one policy. Safe to use from several threads."""

    def __init__(
        self,
        policy: Policy,
        letters: ByLetters,
        judge: Judge | None,
        embed: Callable[[Sequence[str]], FloatMatrix],
    ) -> None:
        """Compile the policy.

        Args:
            policy: The rules.
            letters: What labelled sentences taught by their letters.
            judge: The same by letters and meaning; without it letters speak alone.
            embed: The model it was taught with.
        """
        rules = {kind: policy.signals.get(kind, SignalRules()) for kind in RISKS}
        self._policy = policy
        self._critical = _plain(policy.critical_keywords)
        self._identity = _plain(policy.identity.patterns)
        self._never = _plain(policy.never_promise)
        self._tags = [(rule, _plain(rule.patterns)) for rule in policy.tags]
        self._recogniser = Recogniser(
            Rules(
                patterns={kind: PatternSet(rule.patterns) for kind, rule in rules.items()},
                hints={kind: PatternSet(rule.hints) for kind, rule in rules.items()},
                innocent={kind: PatternSet(rule.innocent) for kind, rule in rules.items()},
                alerts_are_outages=policy.alerts_are_outages,
            ),
            letters,
            judge,
            embed,
        )

    def read(self, ticket: Ticket, reading: Reading) -> Signals:
        """Say what a ticket carries.

        Args:
            ticket: Whose requester counts.
            reading: Whose text counts; for risk, all else that the ticket holds counts too.
        """
        # A mark such as `[password]` is not the requester's word.
        text = without_marks(reading.text)
        folded = "\n".join(sentences(text))
        groups, plan = set(ticket.requester.groups), ticket.requester.plan
        tags = (
            rule.tag
            for rule, patterns in self._tags
            if groups.intersection(rule.groups) or (plan and plan in rule.plans) or patterns.find(folded)
        )
        return Signals(
            risks=self._risks(text, without_marks(reading.rest)),
            tags=tuple(tags),
            critical_keyword=_text(self._critical.find(folded)),
            asks_for_identity=_text(self._identity.find(folded)),
            language=foreign_language(text, self._policy.languages),
        )

    def _risks(self, text: str, rest: str) -> tuple[RiskSignal, ...]:
        """Return one signal for each kind; the requester's own words speak first."""
        own = self._recogniser.recognise(text)
        found = {signal.kind: signal for signal in (*self._recogniser.recognise(rest), *own)}
        return tuple(found[kind] for kind in RISKS if kind in found)

    def promised(self, reply: str) -> str | None:
        """Return the pattern of what must never be promised that a reply holds, if it holds one.

        Args:
            reply: Its own words, without what it quotes.
        """
        return _text(self._never.find("\n".join(sentences(reply))))


def _plain(patterns: Sequence[str]) -> PatternSet:
    return PatternSet([Pattern(text) for text in patterns])


def _text(pattern: Pattern | None) -> str | None:
    return pattern.text if pattern else None
