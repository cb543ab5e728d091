"""Glimpses of a run enter, server-sent events leave: each client fetches at its own pace, so none slows the run."""

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass

import anyio
from fastapi.sse import KEEPALIVE_COMMENT, format_sse_event
from pydantic import BaseModel

from api.runs import Glimpse
from api.schemas import IngestRunV1, RunProgressV1

DONE_ID = "done"
"""Id of the last event: whoever has seen it has seen all."""

RECONNECT_MS = 2_000

_STILL: dict[str, object] = {
    "articles_met": 0,
    "articles_total": None,
    "outcomes": {},
    "chunks_embedded": 0,
    "finished_at": None,
}
"""What changes while the state does not."""

Look = Callable[[int], Awaitable[Glimpse]]
"""Told the position of the last line known, gives how the run stands and the lines after it."""


@dataclass(frozen=True, slots=True)
class Pace:
    """How often a client hears of a run.

    Attributes:
        look_s: Seconds between two looks at it.
        heartbeat_s: Seconds of silence after which a comment keeps the connection open.
    """

    look_s: float = 0.25
    heartbeat_s: float = 15.0


def position_of(last_event_id: str | None) -> int:
    """Read the header `Last-Event-ID`; what is no id of ours means that nothing is known yet."""
    known = (last_event_id or "").strip()
    return int(known) if known.isascii() and known.isdecimal() and len(known) < 12 else 0


async def watch(
    look: Look, after: int, should_end: Callable[[], Awaitable[bool]], pace: Pace | None = None
) -> AsyncIterator[bytes]:
    """Tell of a run until it is over.

    Args:
        look: Looks at the run.
        after: Position of the last line that the client knows.
        should_end: Whether nobody listens any more, or the server is about to leave.
        pace: How often.

    Yields:
        Events on the wire: `state` at the start and when it changes, `article` for each line, `progress` when counts
        change, `done` at the end; each with the position of the latest line as its id.
    """
    pace = pace or Pace()
    position = after
    told: dict[str, BaseModel] = {}
    silent_s = 0.0
    yield format_sse_event(retry=RECONNECT_MS)
    while not await should_end():
        glimpse = await look(position)
        written: list[bytes] = []
        state = IngestRunV1.model_copy(glimpse.run, update=_STILL)
        if told.get("state") != state:
            told["state"] = state
            written.append(_event("state", glimpse.run, str(position)))
        for position, line in glimpse.lines:
            written.append(_event("article", line, str(position)))
        progress = _progress(glimpse)
        if told.get("progress") != progress:
            told["progress"] = progress
            written.append(_event("progress", progress, str(position)))
        if glimpse.is_last:
            written.append(_event("done", glimpse.run, DONE_ID))
        if written:
            yield b"".join(written)
        if glimpse.is_last:
            return
        silent_s = 0.0 if written else silent_s + pace.look_s
        if silent_s >= pace.heartbeat_s:
            silent_s = 0.0
            yield KEEPALIVE_COMMENT
        await anyio.sleep(pace.look_s)


def _progress(glimpse: Glimpse) -> RunProgressV1:
    run = glimpse.run
    return RunProgressV1(
        articles_met=run.articles_met,
        articles_total=run.articles_total,
        outcomes=run.outcomes,
        latest_article=glimpse.latest_article,
    )


def _event(name: str, data: BaseModel, event_id: str) -> bytes:
    return format_sse_event(event=name, data_str=data.model_dump_json(), id=event_id)
