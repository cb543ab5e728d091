"""The LLM decider: a model chooses among an article's own steps; where it fails, the extractive decider decides."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from pydantic import BaseModel

from agent.decide.breaker import Breaker
from agent.decide.conversation import ChatModel, Message, Question
from agent.decide.extractive import ExtractiveDecider, acting_outcome
from agent.decide.limits import Limits, Meter
from agent.decide.offer import OfferedArticle, offer
from agent.decide.prompt import as_data, deciding_messages, judging_messages
from agent.decide.reply import acting_reply, handing_over, question
from agent.decide.selection import Judgement, Kind, Selection, read_reply, strict_schema
from agent.decide.tools import Lookups, Toolbox
from agent.errors import ModelError
from agent.models import ACTING, Case, Draft, ModelUse, Outcome, RefusalReason, Verdict, step_downs
from agent.ports import Decider, Library, Searcher

ASKABLE: frozenset[RefusalReason] = frozenset({"ambiguous", "too_little_information"})
"""Refusals for which a model may word the question. No ticket refused for any other reason is shown to one."""

MAX_REPAIRS = 1


@dataclass(frozen=True, slots=True)
class Models:
    """Who is asked.

    Attributes:
        decider: Chooses.
        judge: Looks at the draft afterwards; it can only lower it.
    """

    decider: ChatModel
    judge: ChatModel | None = None


class LlmDecider:
    """Lets a model choose article, steps, outcome and question within what the gates allow. Safe across threads."""

    def __init__(
        self,
        models: Models,
        searcher: Searcher,
        scrub: Callable[[str], str],
        lookups: Lookups | None = None,
        limits: Limits | None = None,
    ) -> None:
        """Connect the parts.

        Args:
            models: Who is asked.
            searcher: What the model's searches are made with.
            scrub: Takes secrets and personal data out of any text before a model sees it.
            lookups: What else the model may look up.
            limits: Bounds of one decision.
        """
        self._models = models
        self._searcher = searcher
        self._scrub = scrub
        self._lookups = lookups or Lookups()
        self._limits = limits or Limits()
        self._breaker = Breaker()
        self._extractive: Decider = ExtractiveDecider()

    def decide(self, case: Case, verdict: Verdict, library: Library) -> Draft:
        """Draft a decision.

        Args:
            case: The facts.
            verdict: What the gates allow.
            library: Where the articles' texts are.

        Returns:
            The model's choice as a draft; where there was no usable one, the extractive decider's draft and why.
        """
        if verdict.outcome not in ACTING and verdict.reason not in ASKABLE:
            return self._extractive.decide(case, verdict, library)
        meter = Meter(self._limits)
        try:
            draft = self._ask(case, verdict, library, meter)
        except ModelError as error:
            draft = self._extractive.decide(case, verdict, library)
            return replace(draft, model_use=self._use(meter, f"the model {error}"))
        return replace(draft, model_use=self._use(meter))

    def _use(self, meter: Meter, degraded: str | None = None) -> ModelUse:
        return ModelUse(self._models.decider.name, meter.turns, meter.tokens, meter.cost_usd, degraded)

    def _ask(self, case: Case, verdict: Verdict, library: Library, meter: Meter) -> Draft:
        if not self._breaker.closed():
            raise ModelError("has failed repeatedly and is left alone for a while")
        try:
            articles = offer(case, library)
            toolbox = Toolbox(case, self._searcher, library, self._lookups)
            ticket = self._scrub(case.reading.text)
            conversation = _Conversation(self._models.decider, meter, self._scrub, toolbox)
            messages = deciding_messages(ticket, articles, verdict, self._scrub)
            selection = conversation.hold(messages, Selection)
            draft = draft_of(selection, articles, case, verdict)
            if self._models.judge is not None and draft.outcome in ACTING:
                draft = self._judged(self._models.judge, draft, case, ticket, meter)
        except ModelError:
            self._breaker.record(failed=True)
            raise
        self._breaker.record(failed=False)
        return draft

    def _judged(self, judge: ChatModel, draft: Draft, case: Case, ticket: str, meter: Meter) -> Draft:
        steps = [self._scrub(step.text) for step in draft.steps]
        conversation = _Conversation(judge, meter, self._scrub, None)
        judgement = conversation.hold(judging_messages(ticket, steps), Judgement)
        if judgement.verdict == "accept":
            return draft
        return _handed_over(case, "a second language model doubts that the steps answer the ticket")


def draft_of(selection: Selection, articles: Sequence[OfferedArticle], case: Case, verdict: Verdict) -> Draft:
    """Turn a selection into a draft; nothing of it is mended.

    Args:
        selection: What the model chose.
        articles: What it chose from.
        case: The facts.
        verdict: What the gates allow.

    Returns:
        A draft. Where the selection names what was not offered, its faults say so.
    """
    if selection.outcome == "NEED_INFO" or verdict.outcome not in ACTING:
        words = selection.question.strip() or question(case, verdict)
        declined = None if verdict.outcome == "NEED_INFO" else "the language model asks for a fact first"
        return Draft(selection.outcome, (), words, words, declined=declined)
    if selection.outcome == "ESCALATE_HUMAN":
        return _handed_over(case, "the language model finds no step that answers the ticket")
    if not 1 <= selection.article <= len(articles):
        return Draft(selection.outcome, (), "", faults=(f"article {selection.article} is not among those offered",))
    article = articles[selection.article - 1]
    faults = tuple(_step_faults(selection.steps, len(article.steps)))
    chosen = tuple(article.steps[number - 1] for number in selection.steps if 1 <= number <= len(article.steps))
    outcome = _milder(selection.outcome, acting_outcome(article.assessed, chosen))
    reply = acting_reply(case, article.title, chosen, selection.opening.strip())
    return Draft(outcome, chosen, reply, faults=faults)


def _handed_over(case: Case, why: str) -> Draft:
    """Draft the hand-over of a ticket that the gates would have let through."""
    return Draft("ESCALATE_HUMAN", (), handing_over(case), declined=why)


def _milder(one: Outcome, other: Outcome) -> Outcome:
    return max(one, other, key=step_downs("RESOLVE").index)


def _step_faults(numbers: Sequence[int], offered: int) -> list[str]:
    faults = [f"step {number} is not among those offered" for number in numbers if not 1 <= number <= offered]
    if any(after != before + 1 for before, after in pairwise(numbers)):
        faults.append("the steps are out of order, or one between them is left out")
    return faults


class _Conversation:
    """Asks one model until it answers in the shape asked for, looking up what it wants to know meanwhile."""

    def __init__(self, model: ChatModel, meter: Meter, scrub: Callable[[str], str], toolbox: Toolbox | None) -> None:
        self._model = model
        self._meter = meter
        self._scrub = scrub
        self._toolbox = toolbox

    def hold(self, messages: Sequence[Message], kind: type[Kind]) -> Kind:
        """Hold the conversation.

        Raises:
            ModelError: It led to no usable answer within the limits.
        """
        said = list(messages)
        repairs = 0
        while True:
            reply_text, asked_to_look_up = self._turn(said, kind)
            if asked_to_look_up:
                continue
            try:
                return read_reply(reply_text, kind)
            except ModelError as error:
                if repairs == MAX_REPAIRS:
                    raise
                repairs += 1
                # The reply itself is not sent back: what could not be read is not made part of the conversation.
                said.append(
                    Message("user", as_data({"error": f"your last answer {error}", "wanted": "one JSON object"}))
                )

    def _turn(self, said: list[Message], kind: type[BaseModel]) -> tuple[str, bool]:
        tools = self._toolbox.definitions() if self._toolbox else []
        schema = strict_schema(kind)
        size = sum(len(m.text.encode()) for m in said) + len(str(tools).encode()) + 2 * len(str(schema).encode())
        self._meter.allow(size, self._model.price)
        reply = self._model.ask(Question(said, schema, tools), self._meter.remaining_s)
        self._meter.count(reply.usage, self._model.price)
        if not reply.calls or self._toolbox is None:
            return reply.text, False
        said.append(Message("assistant", reply.text[:1000], reply.calls))
        for call in reply.calls:
            found = self._scrub(self._toolbox.run(call))
            said.append(Message("tool", as_data({"found": found}), answers=call.id))
        return "", True
