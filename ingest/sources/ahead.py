"""What was begun on other threads enters; it leaves in the order in which it was begun."""

from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future
from typing import TypeVar

Result = TypeVar("Result")


def in_order(begun: Iterable[Result | Future[Result]], ahead: int) -> Iterator[Result]:
    """Hand over results one after the other.

    Args:
        begun: Begins each when it is drawn: what is ready, or what will be.
        ahead: How many are begun before the first of them is asked for.
    """
    waiting: deque[Result | Future[Result]] = deque()
    for one in begun:
        waiting.append(one)
        if len(waiting) > ahead:
            yield _finished(waiting.popleft())
    while waiting:
        yield _finished(waiting.popleft())


def _finished(begun: Result | Future[Result]) -> Result:
    return begun.result() if isinstance(begun, Future) else begun
