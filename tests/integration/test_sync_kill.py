"""A sync killed anywhere leaves an index that opens, mixes nothing, and is whole after the next run."""

import os
import random
import secrets
import shutil
import tempfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from index.space import RESERVE_BYTES, free_bytes
from index.sync import RunOptions
from tests.killed_sync import (
    After,
    Before,
    Expected,
    Killed,
    assert_recovers,
    assert_whole,
    copy,
    opened,
    state,
    sync,
)

pytestmark = pytest.mark.integration

RANDOM_KILLS = 30
SOAK_KILLS = 1000
AGAIN = 0.3
"""Share of the runs after a kill that are killed as well."""


@pytest.fixture(scope="module")
def memory(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder in memory where there is one: a killed process loses nothing that it wrote, wherever that is."""
    shared = Path("/dev/shm")  # noqa: S108 - a folder is made in it
    if not shared.is_dir() or free_bytes(shared) < 2 * RESERVE_BYTES:
        yield tmp_path_factory.mktemp("killed")
        return
    with tempfile.TemporaryDirectory(dir=shared, prefix="runcite-killed-") as folder:
        yield Path(folder)


@pytest.fixture
def scratch(memory: Path) -> Iterator[Path]:
    """A folder for one test, in memory."""
    with tempfile.TemporaryDirectory(dir=memory) as folder:
        yield Path(folder)


@pytest.fixture(scope="module")
def before(memory: Path) -> Path:
    """A home in the state before, with one orphan and one article whose points are lost."""
    home = memory / "before"
    home.mkdir()
    sync(home, Before)
    with opened(home) as (_, store, _, _):
        orphan = store.payloads()
        lost = next(one for one in orphan.values() if one["article_id"] == "stays")
        store.delete_revision("stays", lost["revision"])
    return home


@pytest.fixture(scope="module")
def steps(before: Path, memory: Path) -> list[str]:
    home = memory / "steps"
    copy(before, home)
    taken: list[str] = []
    sync(home, After, RunOptions(on_step=taken.append))
    return taken


@pytest.fixture(scope="module")
def uninterrupted(before: Path, memory: Path) -> Expected:
    home = memory / "uninterrupted"
    copy(before, home)
    batches: list[int] = []
    sync(home, After, tell=batches.append)
    return Expected(state(home), tuple(batches))


STEPS = (
    "restored",
    "embedded",
    "upserted",
    "flushed",
    "published",
    "old_deleted",
    "unsettled",
    "access_set",
    "access_flushed",
    "metadata_updated",
    "removed",
    "points_deleted",
    "run_flushed",
    "optimized",
)


REPEATED = ("upserted", "flushed", "published", "old_deleted", "access_set", "removed", "points_deleted")


def test_every_step_of_a_run_is_killed_at_below(steps: list[str]) -> None:
    assert set(steps) == set(STEPS)
    assert min(steps.count(name) for name in REPEATED) > 1


@pytest.mark.parametrize(
    ("name", "which"), [*((name, "first") for name in STEPS), *((name, "last") for name in REPEATED)]
)
def test_killed_at_a_step(name, which, before, steps, uninterrupted, scratch: Path) -> None:
    home = scratch / "home"
    copy(before, home)
    run = Killed(home, name, 1 if which == "first" else steps.count(name))
    assert run.at_step()
    assert_whole(home, lost_before="stays" if name == "restored" else None)
    assert_recovers(home, uninterrupted, run.embedded)


def test_killed_at_random(before, uninterrupted, scratch: Path) -> None:
    dice = random.Random(20261120)
    killed, longest_s = 0, 0.05
    for trial in range(RANDOM_KILLS * 3):
        home = scratch / f"home{trial}"
        copy(before, home)
        run = Killed(home)
        if run.after(dice.uniform(0, longest_s)):
            killed += 1
        else:
            longest_s = run.ran_s()
        assert_whole(home, lost_before="stays")
        assert_recovers(home, uninterrupted, run.embedded)
        shutil.rmtree(home)
        if killed >= RANDOM_KILLS:
            break
    assert killed >= RANDOM_KILLS


@pytest.mark.soak
def test_killed_a_thousand_times(before, steps, uninterrupted, scratch: Path, capsys) -> None:
    seed = int(os.environ.get("RUNCITE_TEST_SEED") or secrets.randbits(32))
    dice = random.Random(seed)
    met: Counter[str] = Counter()
    longest_s = 0.1
    with capsys.disabled():
        print(f"\nkill matrix: RUNCITE_TEST_SEED={seed}")
    trial = 0
    while met.total() < SOAK_KILLS:
        trial += 1
        home = scratch / f"home{trial}"
        copy(before, home)
        kills = embedded = 0
        goes_on = True
        while goes_on:
            # Every step in turn, each at any of its occurrences; between them a moment that nobody chose.
            name = STEPS[trial // 2 % len(STEPS)] if trial % 2 else "a random moment"
            run = Killed(home, name, dice.randint(1, max(1, steps.count(name))))
            died = run.at_step() if trial % 2 else run.after(dice.uniform(0, longest_s))
            if not died:
                longest_s = min(run.ran_s(), 2 * longest_s)
            embedded += run.embedded
            kills += died
            met[name] += died
            assert_whole(home, lost_before="stays")
            goes_on = died and dice.random() < AGAIN
        assert_recovers(home, uninterrupted, embedded, kills)
        shutil.rmtree(home)
    with capsys.disabled():
        print(f"kill matrix: {met.total()} kills, all recovered: {dict(met)}")
    assert set(STEPS) < set(met)
