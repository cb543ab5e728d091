"""`runcite demo`: the samples, end to end, in the terminal."""

import shutil
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from datetime import date
from functools import partial
from statistics import median

import typer
from rich.table import Table
from rich.text import Text

from agent.errors import LedgerVersionError
from agent.models import Outcome, RefusalReason
from api.bootstrap import open_runtime
from api.cli.options import EmbeddingOption, HomeOption, Session, start
from api.cli.render import DecisionCard
from api.cli.terminal import Terminal, one_line
from api.cli.watcher import RunWatcher
from api.cli.words import OUTCOME_STYLE, REASON_WORDS, SHORT_OUTCOME, outcome_counts
from api.convert import to_ticket
from api.home import LocalRuntime
from api.memory import open_memory
from api.past_tickets import read_file
from api.samples import Samples, SampleTicket, article_of, load_samples
from api.schemas import DecisionV1
from index.errors import CatalogVersionError

_SUMMARY_WIDTH = 78 - len("✓  ") - len("  person: freshness unknown")
"""What the mark and the longest verdict leave of a terminal of 80 columns."""

_LEGEND = """
resolve, guide: answered with the article's steps · ask: one question back
person, approval, security: handed over, and to whom
"""

DEMO_FOLDER = "demo"


@dataclass(frozen=True, slots=True)
class Decided:
    """A sample ticket, what was decided, and how long that took."""

    ticket: SampleTicket
    decision: DecisionV1
    took_ms: float

    @property
    def is_expected(self) -> bool:
        """Whether this is the decision that the sample calls for."""
        return self.ticket.is_met_by(self.decision)


def _outcome(name: str) -> Callable[[DecisionV1], bool]:
    return lambda decision: decision.outcome == name


def _reason(*names: str) -> Callable[[DecisionV1], bool]:
    return lambda decision: decision.refusal is not None and decision.refusal.reason in names


SHOWN_IN_FULL: tuple[Callable[[DecisionV1], bool], ...] = (
    _outcome("GUIDE_USER"),
    _outcome("RESOLVE"),
    _reason("stale", "expired"),
    _reason("no_match"),
    _reason("ambiguous"),
    _reason("unverified_identity"),
    _outcome("REQUIRE_APPROVAL"),
    _outcome("ESCALATE_SECURITY"),
)
"""One decision of each kind; the first sample that got it."""


def demo(context: typer.Context, embedding: EmbeddingOption = None, home: HomeOption = None) -> None:
    """Ingest the sample runbooks, triage the sample tickets, and show what was decided and why."""
    session = start(context, home, embedding)
    # The samples never mix with the user's own articles, whatever home is named.
    session = replace(session, settings=session.settings.model_copy(update={"home": session.home / DEMO_FOLDER}))
    samples = load_samples()
    with _open(session) as runtime:
        _ingest(session, runtime, samples)
        _import(session, samples)
        decided = [_decide(runtime, ticket, samples.as_of) for ticket in samples.tickets]
        verified = _verify(runtime, decided)
    in_full = choose(decided)
    for one in in_full:
        session.terminal.show(DecisionCard(one.decision))
    rest = [one for one in decided if one not in in_full]
    session.terminal.show(Text("The other tickets", style="bold cyan"))
    session.terminal.show(_table(rest))
    session.terminal.show(Text(_LEGEND, style="dim"))
    for miss in _misses(decided):
        session.terminal.show(miss)
    _close(session.terminal, decided, verified, samples, str(session.home))


@contextmanager
def _open(session: Session) -> Iterator[LocalRuntime]:
    """Open the samples' home; one that another version of Runcite wrote is built anew."""
    opening = partial(open_runtime, session.settings, create=True, command="runcite demo", notice=session.terminal.note)
    with ExitStack() as opened:
        try:
            runtime = opened.enter_context(opening())
        except (CatalogVersionError, LedgerVersionError):
            session.terminal.note("Another version of Runcite indexed the samples; they are indexed anew.")
            shutil.rmtree(session.home)
            runtime = opened.enter_context(opening())
        yield runtime


def _ingest(session: Session, runtime: LocalRuntime, samples: Samples) -> None:
    with RunWatcher(session.terminal, lists=False).watching(str(samples.pages)) as watch:
        run = runtime.ingest(str(samples.pages), on_article=watch.met, on_total=watch.expect)
    counts = outcome_counts(run.outcomes)
    again = "" if run.chunks_embedded else "; they were indexed before, so nothing had to be embedded"
    session.terminal.note(f"{run.articles_met} articles: {counts}, in {run.took_s:.1f} s{again}.")
    session.terminal.note(
        f"The clock stands at {samples.as_of}, so that the samples do not age. Now {len(samples.tickets)} tickets.\n"
    )


def _import(session: Session, samples: Samples) -> None:
    with open_memory(session.settings) as memory:
        done = memory.keep(read_file(samples.past).tickets)
    session.terminal.note(f"{done.total} past tickets, by which new ones are routed.")


def _decide(runtime: LocalRuntime, ticket: SampleTicket, as_of: date) -> Decided:
    started = time.perf_counter()
    decision = runtime.triage(to_ticket(ticket.as_ticket()), as_of=as_of)
    return Decided(ticket, decision, (time.perf_counter() - started) * 1000)


def choose(decided: Sequence[Decided]) -> list[Decided]:
    """Choose one decision of each kind, an expected one where there is one."""
    chosen: list[Decided] = []
    for is_kind in SHOWN_IN_FULL:
        fitting = [one for one in decided if is_kind(one.decision) and one not in chosen]
        if fitting:
            chosen.append(next((one for one in fitting if one.is_expected), fitting[0]))
    return chosen


def _verify(runtime: LocalRuntime, decided: Sequence[Decided]) -> tuple[int, int]:
    """Open every citation at its revision and compare; how many hold, of how many."""
    held = total = 0
    for one in decided:
        for citation in one.decision.citations:
            revision = runtime.catalog.revision(citation.article_id, citation.revision)
            held += revision is not None and revision.text[citation.start : citation.end] == citation.quote
            total += 1
    return held, total


def _table(rest: Sequence[Decided]) -> Table:
    table = Table(box=None, header_style="dim", pad_edge=False)
    for title in ("", "Ticket", "Decision"):
        table.add_column(title, no_wrap=True)
    for one in rest:
        mark = Text("✓", "green") if one.is_expected else Text("✗", "red")
        summary = Text(f"{one_line(one.decision.ticket.id)} {one_line(one.decision.ticket.summary)}")
        summary.truncate(_SUMMARY_WIDTH, overflow="ellipsis")
        reason = one.decision.refusal.reason if one.decision.refusal else None
        table.add_row(mark, summary, _verdict(one.decision.outcome, reason))
    return table


def _misses(decided: Sequence[Decided]) -> list[Text]:
    """Say of each ticket that went another way what was expected and what was decided, and from which article."""
    lines = []
    for one in decided:
        if one.is_expected:
            continue
        given, wanted = one.decision, one.ticket
        reason = given.refusal.reason if given.refusal else None
        line = Text.assemble(("✗ ", "red"), (one_line(wanted.id), "bold"), " expected ")
        line.append_text(_verdict(wanted.expected_outcome, wanted.expected_refusal))
        line.append(f", from {wanted.expected_article or 'no article'}\n").append(
            f"{'':{len(wanted.id) + 2}} decided  "
        )
        line.append_text(_verdict(given.outcome, reason)).append(f", closest is {article_of(given) or 'no article'}")
        lines.append(line)
    return lines


def _verdict(outcome: Outcome, reason: RefusalReason | None) -> Text:
    text = Text(SHORT_OUTCOME[outcome], style=OUTCOME_STYLE[outcome].rpartition(" on ")[2])
    if reason is not None and outcome in ("NEED_INFO", "ESCALATE_HUMAN"):
        text.append(f": {reason.replace('_', ' ')}", "dim")
    return text


def _close(
    terminal: Terminal, decided: Sequence[Decided], verified: tuple[int, int], samples: Samples, home: str
) -> None:
    acted = sum(one.decision.action == "resolve" for one in decided)
    reasons = Counter(one.decision.refusal.reason for one in decided if one.decision.refusal)
    facts = Table.grid(padding=(0, 2))
    facts.add_column(style="dim", no_wrap=True)
    facts.add_column(overflow="fold")
    facts.add_row("acted on", f"{acted} of {len(decided)} tickets")
    for place, (reason, count) in enumerate(reasons.most_common()):
        facts.add_row("" if place else "handed over", f"{count:>2}  {REASON_WORDS[reason].lower()}")
    facts.add_row("as expected", f"{sum(one.is_expected for one in decided)} of {len(decided)}")
    facts.add_row("citations", f"{verified[0]} of {verified[1]} found word for word in the revision they name")
    facts.add_row(
        "time", f"{median(one.took_ms for one in decided):.0f} ms per ticket (median), without a language model"
    )
    terminal.show(Text("\nAll tickets", style="bold cyan"))
    terminal.show(facts)
    terminal.show(Text("\nNext", style="bold cyan"))
    for command in (
        f'runcite triage --home {home} --as-of {samples.as_of} "The VPN drops every few minutes"',
        "runcite ingest path/to/your/runbooks",
        f"runcite articles --home {home} --as-of {samples.as_of} --state stale",
    ):
        terminal.result(f"  {command}")
