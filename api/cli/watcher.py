"""A run's lines and counts enter, what a person sees of it while it works leaves: a bar on a terminal, a line each."""

import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
from rich.text import Text

from api.cli.lists import report_line, run_table
from api.cli.terminal import Terminal, one_line
from api.cli.words import duration_words
from api.schemas import ArticleReportV1, IngestRunV1, RunReportV1

QUIET_OUTCOMES = frozenset({"unchanged"})
"""What a person only wants counted."""

WINDOW_S = 60.0
"""Speed is judged on this: what is unchanged goes by a thousand times faster than what is new."""

MIN_SEEN_S = 5.0
"""Before, nobody can tell how long it will take."""


class Speed:
    """How fast a count has grown of late, and so how long the rest takes.

    Args:
        clock: Seconds that only grow.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._seen: deque[tuple[float, int]] = deque([(clock(), 0)])

    def count(self, met: int) -> None:
        """Take down how many there are now."""
        now = self._clock()
        self._seen.append((now, met))
        while len(self._seen) > 2 and self._seen[1][0] <= now - WINDOW_S:
            self._seen.popleft()

    def per_second(self) -> float | None:
        """Return the growth per second; `None` where too little has been seen."""
        (began, before), (_, met) = self._seen[0], self._seen[-1]
        passed = self._clock() - began
        return (met - before) / passed if passed >= MIN_SEEN_S and met > before else None

    def words(self, met: int, total: int | None) -> str:
        """Say how far it is, how fast it goes, and how long the rest takes if it goes on so.

        Args:
            met: How many there are now.
            total: How many there are going to be, where that is known.
        """
        # A source may list more than it said, and what it said is then no end to wait for.
        known = total if total is not None and total >= met else None
        said = [f"{met:,} / {known:,}" if known is not None else f"articles: {met:,}"]
        speed = self.per_second()
        if speed is not None:
            said.append(f"{speed:.1f}/s" if speed < 10 else f"{speed:,.0f}/s")
            if known is not None and known > met:
                said.append(f"about {duration_words((known - met) / speed)} left")
        return " · ".join(said)


class Watch:
    """One run as it is shown."""

    def __init__(self, progress: Progress, name: str, show: Callable[[ArticleReportV1], None]) -> None:
        self._progress = progress
        self._task = progress.add_task(name, total=None)
        self._show = show
        self._speed = Speed()
        self._met = 0
        self._total: int | None = None

    def met(self, report: ArticleReportV1) -> None:
        """Show an article's outcome."""
        if report.outcome != "deleted":
            self._met += 1
        self._draw()
        self._show(report)

    def expect(self, total: int) -> None:
        """Take the number of articles to come."""
        self._total = total
        self._draw()

    def stands(self, run: IngestRunV1) -> None:
        """Show how a run stands that works elsewhere."""
        self._met, self._total = run.articles_met, run.articles_total
        self._draw()

    def show(self, report: ArticleReportV1) -> None:
        """Show the outcome of an article that has been counted."""
        self._show(report)

    def _draw(self) -> None:
        self._speed.count(self._met)
        words = self._speed.words(self._met, self._total)
        self._progress.update(self._task, description=words, completed=self._met, total=self._total)


class RunWatcher:
    """Shows runs while they work: a bar on a terminal, a line per article."""

    def __init__(self, terminal: Terminal, *, lists: bool, verbose: bool = False) -> None:
        self._terminal = terminal
        self._lists = lists
        self._verbose = verbose
        self._warned: dict[str, int] = {}

    @contextmanager
    def watching(self, location: str) -> Iterator[Watch]:
        """Show one source's run for as long as the block runs."""
        columns = (BarColumn(24), TextColumn("{task.description}", markup=False), TimeElapsedColumn())
        terminal = self._terminal
        with Progress(*columns, console=terminal.err, transient=True, disable=not terminal.err.is_terminal) as progress:
            yield Watch(progress, one_line(location.rstrip("/").rpartition("/")[2]), self._show)

    def list_late_warnings(self, runs: Sequence[RunReportV1]) -> None:
        """List what could be said only once every article was in: which are alike, and what names no article."""
        for run in runs:
            for article in run.articles:
                late = article.warnings[self._warned.get(article.article_id, 0) :]
                if self._lists and late:
                    line = Text(f"{one_line(article.article_id)}: {'; '.join(map(one_line, late))}", "dim")
                    self._terminal.out.print(line, soft_wrap=True)

    def _show(self, report: ArticleReportV1) -> None:
        self._warned[report.article_id] = len(report.warnings)
        if self._lists and (self._verbose or report.outcome not in QUIET_OUTCOMES or report.warnings):
            # On one screen the bar must know of the line, or the two are drawn into each other.
            shares_screen = self._terminal.out.is_terminal and self._terminal.err.is_terminal
            console = self._terminal.err if shares_screen else self._terminal.out
            console.print(report_line(report), soft_wrap=True)


def sum_up(terminal: Terminal, runs: Sequence[IngestRunV1]) -> None:
    """Show what runs did in a table, and why one stopped early."""
    terminal.show(run_table(runs))
    for run in runs:
        if run.error:
            terminal.note(f"{one_line(run.source)}: {one_line(run.error)}", "red")
