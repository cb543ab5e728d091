"""Whoever asks keeps the generation that was live when the asking began, and the old one is closed after the last."""

import threading
from contextlib import ExitStack
from pathlib import Path

import pytest

from api.live import LOOK_INTERVAL_S, Live, Serving
from index.catalog import Catalog
from index.errors import EmbeddingError
from tests.fakes import HashedWordsEmbedder

SPEC = HashedWordsEmbedder().spec


class House:
    """A catalog whose live generation changes, and the generations that were opened and closed for it."""

    def __init__(self, folder: Path) -> None:
        self.catalog = Catalog.open(folder / "catalog.sqlite")
        self.catalog.record_embedding(SPEC)
        self.closed: list[int] = []
        self.broken: Exception | None = None
        self.live = Live(self.open(), self.catalog.generations, self.open)

    def open(self) -> Serving:
        if self.broken is not None:
            raise self.broken
        number = self.catalog.generations.live().number
        opened = ExitStack()
        opened.callback(self.closed.append, number)
        unused = None
        return Serving(number, *[unused] * 6, opened)

    def switch(self) -> None:
        number = self.catalog.generations.begin(SPEC).number
        assert self.catalog.generations.make_live(number)


@pytest.fixture
def house(tmp_path: Path):
    made = House(tmp_path)
    yield made
    made.live.close()
    made.catalog.close()


def test_nothing_is_opened_while_the_same_generation_is_live(house) -> None:
    before = house.live.now
    house.live.follow()
    assert house.live.now is before
    assert house.closed == []


def test_a_new_generation_answers_and_the_old_one_is_closed(house) -> None:
    house.switch()
    house.live.follow()
    assert house.live.now.number == 2
    assert house.closed == [1]


def test_who_began_with_the_old_one_ends_with_it(house) -> None:
    house.switch()
    with house.live.using() as first:
        following = threading.Thread(target=house.live.follow)
        following.start()
        while house.live.now.number == 1:
            pass
        with house.live.using() as second:
            assert (first.number, second.number) == (1, 2)
        assert house.closed == []
    following.join(10)
    assert house.closed == [1]


def test_the_old_one_goes_on_where_the_new_one_cannot_be_opened(house) -> None:
    house.switch()
    house.broken = EmbeddingError("The model is gone.")
    with pytest.raises(EmbeddingError):
        house.live.follow()
    assert house.live.now.number == 1
    house.broken = None
    house.live.follow()
    assert house.live.now.number == 2


def test_a_failed_request_does_not_keep_the_old_one_open(house) -> None:
    with pytest.raises(ValueError, match="odd"), house.live.using():
        raise ValueError("odd")
    house.switch()
    house.live.follow()
    assert house.closed == [1]


def test_a_watcher_follows_by_itself(house) -> None:
    house.live.watch()
    house.switch()
    deadline = threading.Event()
    for _ in range(int(20 * LOOK_INTERVAL_S) * 10):
        if house.closed:
            break
        deadline.wait(0.1)
    assert house.closed == [1]
    assert house.live.now.number == 2
