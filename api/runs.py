"""Ingest jobs enter, runs that can be asked after leave; one works at a time, in a thread of its own."""

import logging
import queue
import threading
from collections import OrderedDict
from pathlib import Path

from ulid import ULID

from api.errors import BusyError, NotFoundError, UsageError
from api.ports import Runtime
from api.schemas import ArticleReportV1, IngestRunIn, IngestRunV1
from api.sources import locate
from ingest.errors import RunciteError

MAX_WAITING = 16
MAX_REMEMBERED = 200
STOP_TIMEOUT_S = 30.0

_log = logging.getLogger("runcite.runs")


class RunQueue:
    """Ingest runs of one server, in the order they came."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._waiting: queue.Queue[tuple[str, IngestRunIn] | None] = queue.Queue()
        self._runs: OrderedDict[str, IngestRunV1] = OrderedDict()
        self._lock = threading.Lock()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._work, name="runcite-ingest", daemon=True)

    def start(self) -> None:
        """Begin to work."""
        self._thread.start()

    def stop(self) -> None:
        """Finish what is in hand, leave the rest, and wait for the thread."""
        self._stopping.set()
        self._waiting.put(None)
        if self._thread.is_alive():
            self._thread.join(STOP_TIMEOUT_S)

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
        run = IngestRunV1(id=str(ULID()), state="queued", source=job.source, articles_met=0, report=None, error=None)
        with self._lock:
            if self._waiting.qsize() >= MAX_WAITING:
                raise BusyError(f"{MAX_WAITING} ingest runs wait already; try again when one has finished")
            self._runs[run.id] = run
            self._forget()
            self._waiting.put((run.id, job))
        return run

    def get(self, run_id: str) -> IngestRunV1:
        """Tell how far a run is.

        Raises:
            NotFoundError: No such run, or it is long past.
        """
        with self._lock:
            run = self._runs.get(run_id)
        if run is None:
            raise NotFoundError(f"no ingest run {run_id!r}; expected an id that POST /v1/ingest-runs returned")
        return run

    def _forget(self) -> None:
        for run_id in list(self._runs)[:-MAX_REMEMBERED]:
            if self._runs[run_id].state in ("done", "failed"):
                del self._runs[run_id]

    def _work(self) -> None:
        while (job := self._waiting.get()) is not None and not self._stopping.is_set():
            self._run(*job)

    def _run(self, run_id: str, job: IngestRunIn) -> None:
        self._set(run_id, state="running")

        def met(_report: ArticleReportV1) -> None:
            self._set(run_id, articles_met=self.get(run_id).articles_met + 1)

        try:
            report = self._runtime.ingest(
                job.source,
                on_article=met,
                allow_mass_delete=job.allow_mass_delete,
                should_stop=self._stopping.is_set,
            )
        except RunciteError as error:
            self._set(run_id, state="failed", error=str(error))
        except Exception:  # noqa: BLE001 - the boundary of the thread: a bug ends this run, not the ones after it
            _log.exception("ingest run %s failed", run_id)
            self._set(run_id, state="failed", error="an unexpected error occurred; the server's log has the details")
        else:
            self._set(run_id, state="done", report=report)

    def _set(self, run_id: str, **changes: object) -> None:
        with self._lock:
            if run_id in self._runs:
                self._runs[run_id] = self._runs[run_id].model_copy(update=changes)
