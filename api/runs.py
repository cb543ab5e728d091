"""Jobs enter, runs that can be asked after and watched leave; one works at a time, in a thread of its own."""

import logging
import queue
import threading
from collections import Counter, deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from ulid import ULID

from api.convert import articles_met, in_order
from api.errors import BusyError, UsageError
from api.ports import Runtime
from api.schemas import ArticleReportV1, IngestRunIn, IngestRunV1, ReindexRunIn
from api.sources import locate
from index.embed.choose import AUTO
from index.journal import LINES_PER_WRITE
from index.models import SyncOutcome
from index.reindex import PREFIX
from index.runs import OPEN
from ingest.errors import RunciteError

MAX_WAITING = 16
STOP_TIMEOUT_S = 30.0
LINES_PER_GLIMPSE = LINES_PER_WRITE
LINES_IN_MEMORY = 2 * LINES_PER_WRITE
"""Earlier ones are in the catalog by then."""

Job = IngestRunIn | ReindexRunIn

Line = tuple[int, ArticleReportV1]
"""A line of a run with its position, which counts from 1."""

_log = logging.getLogger("runcite.runs")


@dataclass(frozen=True, slots=True)
class Glimpse:
    """A run as it stands at one moment.

    Attributes:
        run: The run.
        lines: Its next lines, in order, at most `LINES_PER_GLIMPSE`.
        latest_article: Id of the article whose outcome was known last, while it goes on.
    """

    run: IngestRunV1
    lines: tuple[Line, ...]
    latest_article: str | None = None

    @property
    def is_last(self) -> bool:
        """Whether nothing will follow."""
        return self.run.state not in OPEN and len(self.lines) < LINES_PER_GLIMPSE


@dataclass
class _Live:
    """What is known of an open run beyond what the catalog holds."""

    source: str
    outcomes: Counter[SyncOutcome] = field(default_factory=Counter)
    total: int | None = None
    latest_article: str | None = None
    said: int = 0
    lines: deque[Line] = field(default_factory=lambda: deque(maxlen=LINES_IN_MEMORY))


class RunQueue:
    """Ingest runs of one server, in the order they came."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._waiting: queue.Queue[tuple[str, Job] | None] = queue.Queue()
        self._live: dict[str, _Live] = {}
        self._lock = threading.Lock()
        self._stopping = threading.Event()
        self._is_leaving: Callable[[], bool] = bool
        self._thread = threading.Thread(target=self._work, name="runcite-ingest", daemon=True)

    def start(self) -> None:
        """Begin to work."""
        self._thread.start()

    def stop_when(self, is_leaving: Callable[[], bool]) -> None:
        """Stop as soon as the process has been told to leave: by the time `stop` is called, every answer is out."""
        self._is_leaving = is_leaving

    def is_stopping(self) -> bool:
        """Tell whether no further run is begun, and the one in hand ends after the articles in hand."""
        return self._stopping.is_set() or self._is_leaving()

    def stop(self) -> None:
        """Finish what is in hand, leave the rest, and wait for the thread, but not for ever."""
        self._stopping.set()
        self._waiting.put(None)
        if self._thread.is_alive():
            self._thread.join(STOP_TIMEOUT_S)
        self._runtime.history.close_open()

    def submit(self, job: IngestRunIn) -> IngestRunV1:
        """Take a job on.

        Args:
            job: Which source to bring in.

        Returns:
            The run, queued.

        Raises:
            UsageError: The path is not absolute, or there is nothing there, or no such source is supported.
            BusyError: Too many wait already.
        """
        if "://" not in job.source and not Path(job.source).is_absolute():
            raise UsageError(f"source {job.source!r} is not an absolute path; expected one on the server's machine")
        locate(job.source)
        return self._submit(job.source, job)

    def submit_reindex(self, job: ReindexRunIn) -> IngestRunV1:
        """Take on to build the index anew.

        Args:
            job: By which model.

        Returns:
            The run, queued.

        Raises:
            BusyError: Too many wait already.
        """
        return self._submit(PREFIX + (job.embedding or AUTO), job)

    def _submit(self, source: str, job: Job) -> IngestRunV1:
        run_id = str(ULID())
        with self._lock:
            if self._waiting.qsize() >= MAX_WAITING:
                raise BusyError(f"{MAX_WAITING} runs wait already; try again when one has finished")
            self._runtime.history.queue(run_id, source)
            run = self._runtime.history.get(run_id)
            self._live[run_id] = _Live(source)
            self._waiting.put((run_id, job))
        return run

    def has_open(self, source: str) -> bool:
        """Tell whether a run of a source waits or goes on."""
        with self._lock:
            return any(live.source == source for live in self._live.values())

    def get(self, run_id: str) -> IngestRunV1:
        """Tell how far a run is, one of an earlier process too.

        Args:
            run_id: Its id.

        Raises:
            NotFoundError: No such run, or it is long past.
        """
        return self._with_live(self._runtime.history.get(run_id))

    def glimpse(self, run_id: str, after: int) -> Glimpse:
        """Tell how a run stands and what it has done since.

        Args:
            run_id: Its id.
            after: Position of the last line known already; 0 for none.

        Raises:
            NotFoundError: No such run, or it is long past.
        """
        run = self.get(run_id)
        with self._lock:
            live = self._live.get(run_id)
            latest = None if live is None else live.latest_article
            in_memory = [] if live is None else [line for line in live.lines if line[0] > after]
            is_gapless = live is not None and live.said - after <= len(live.lines)
        if not is_gapless:
            in_memory = self._runtime.history.lines(run_id, after, LINES_PER_GLIMPSE)
        return Glimpse(run, tuple(in_memory[:LINES_PER_GLIMPSE]), latest)

    def _with_live(self, run: IngestRunV1) -> IngestRunV1:
        with self._lock:
            live = self._live.get(run.id)
            if live is None or run.state == "queued":
                return run
            # Over in the catalog is not over here: a new index has yet to be opened before it answers.
            known = {
                "state": "running",
                "finished_at": None,
                "error": None,
                "articles_met": articles_met(live.outcomes),
                "outcomes": in_order(live.outcomes),
                "articles_total": live.total,
            }
            return run.model_copy(update=known)

    def _work(self) -> None:
        while (job := self._waiting.get()) is not None and not self.is_stopping():
            self._run(*job)

    def _run(self, run_id: str, job: Job) -> None:
        live = self._live[run_id]

        def met(report: ArticleReportV1) -> None:
            with self._lock:
                live.outcomes[report.outcome] += 1
                live.latest_article = report.article_id
                if report.says_something:
                    live.said += 1
                    live.lines.append((live.said, report))

        def expect(total: int) -> None:
            with self._lock:
                live.total = total

        reason = ""
        try:
            match job:
                case IngestRunIn():
                    self._runtime.ingest(
                        job.source,
                        on_article=met,
                        allow_mass_delete=job.allow_mass_delete,
                        should_stop=self.is_stopping,
                        on_total=expect,
                        run_id=run_id,
                    )
                case ReindexRunIn():
                    self._runtime.reindex(
                        job.embedding, on_article=met, should_stop=self.is_stopping, on_total=expect, run_id=run_id
                    )
        except RunciteError as error:
            reason = str(error)
            _log.warning("run %s of %r failed: %s", run_id, live.source, reason)
        except Exception:  # noqa: BLE001 - the boundary of the thread: a bug ends this run, not the ones after it
            reason = "an unexpected error occurred; the server's log has the details"
            _log.exception("run %s failed", run_id)
        # The catalog may be what failed; the next process that opens the home then closes the run.
        with suppress(RunciteError):
            if self._runtime.history.get(run_id).state in OPEN:
                self._runtime.history.fail(run_id, live.source, reason)
        with self._lock:
            del self._live[run_id]
