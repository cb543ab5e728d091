"""Sources to bring in enter, reports of their runs leave: run here, or by the server that holds the home."""

from collections.abc import Callable
from dataclasses import dataclass

from api.announce import find_server
from api.bootstrap import open_runtime
from api.cli.options import Session
from api.cli.watcher import RunWatcher
from api.client import ServerClient
from api.schemas import IngestRunIn, RunReportV1
from index.errors import StoreHeldError
from index.runs import OPEN
from ingest.errors import RunciteError

OnError = Callable[[str, RunciteError], None]
"""Told the source of a run that could not be carried through, and why; the sources after it have their turn."""


@dataclass(frozen=True, slots=True)
class Job:
    """What to bring in.

    Attributes:
        locations: The sources.
        allow_mass_delete: Let a run remove a large share of a source's articles.
        should_stop: Asked between articles.
        on_error: Takes the error of one source's run; without it, the error ends the job.
        is_repeat: Whether it has been done before, so that nobody needs to hear again which model is used.
    """

    locations: tuple[str, ...]
    allow_mass_delete: bool
    should_stop: Callable[[], bool]
    on_error: OnError | None = None
    is_repeat: bool = False


Ingest = Callable[[str], RunReportV1]
"""Brings one source in."""


def carry_out(session: Session, job: Job, watcher: RunWatcher) -> list[RunReportV1]:
    """Run each source here, or have the server that holds the home run it.

    Args:
        session: Which home; it is held for as long as the runs take.
        job: What to bring in.
        watcher: Shows the runs.

    Returns:
        A report per source that had its turn.

    Raises:
        StoreHeldError: A process holds the home that serves nobody.
    """
    notice: Callable[[str], None] = _say_nothing if job.is_repeat else session.terminal.note
    try:
        with open_runtime(session.settings, create=True, command="runcite ingest", notice=notice) as runtime:

            def here(location: str) -> RunReportV1:
                with watcher.watching(location) as watch:
                    return runtime.ingest(
                        location,
                        on_article=watch.met,
                        on_total=watch.expect,
                        allow_mass_delete=job.allow_mass_delete,
                        should_stop=job.should_stop,
                    )

            return _each(job, here)
    except StoreHeldError:
        url = find_server(session.home)
        # With the vectors on a Qdrant server no server holds the home: another ingest does, and is soon done.
        if url is None or session.settings.qdrant_url is not None:
            raise
    notice(f"The server at {url} holds the home and takes the job over.")
    return _hand_over(session, url, job, watcher)


def _hand_over(session: Session, url: str, job: Job, watcher: RunWatcher) -> list[RunReportV1]:
    client = ServerClient(url)

    def there(location: str) -> RunReportV1:
        with watcher.watching(location) as watch:
            asked = IngestRunIn(source=location, allow_mass_delete=job.allow_mass_delete)
            run = client.ingest(asked, watch.stands, job.should_stop)
            for article in run.articles:
                watch.show(article)
        if run.state in OPEN:
            session.terminal.note(f"The server goes on with run {run.id}; see `runcite runs {run.id}`.")
        return run

    try:
        return _each(job, there)
    finally:
        client.close()


def _say_nothing(_line: str) -> None:
    """Keep quiet."""


def _each(job: Job, ingest: Ingest) -> list[RunReportV1]:
    runs = []
    for location in job.locations:
        try:
            runs.append(ingest(location))
        except StoreHeldError:
            raise
        except RunciteError as error:
            if job.on_error is None:
                raise
            job.on_error(location, error)
        if job.should_stop():
            break
    return runs
