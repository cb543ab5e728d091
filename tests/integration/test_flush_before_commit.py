"""What reaches the disk in which order, seen by the kernel: no catalog commit publishes points that are not durable."""

import os
import re
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests import traced_ingest
from tests.traced_ingest import MARKER

pytestmark = pytest.mark.integration

CALLS = "fsync,fdatasync,msync,mmap,munmap,pwrite64,write"
STORE_WRITES = frozenset({"upsert", "set_access"})
PUBLISHING = frozenset({"publish", "update_metadata"})

_LINE = re.compile(r"(\d+) +(.*)")
_RESUMED = re.compile(r"<\.\.\. \w+ resumed>")
_MMAP = re.compile(r"mmap\(\w+, (\d+), .*?, \d+<([^>]*)>, \w+\) += 0x([0-9a-f]+)")
_UNMAP = re.compile(r"munmap\(0x([0-9a-f]+), (\d+)\)")
_MSYNC = re.compile(r"msync\(0x([0-9a-f]+), (\d+), MS_SYNC\) += 0")
_MARK = re.compile(rf'write\(.*"{MARKER.decode()}(begin|end) (\w+)"')
_LOG_WRITE = re.compile(r"pwrite64\(\d+<[^>]*catalog\.sqlite-wal>")
_LOG_SYNC = re.compile(r"f(?:data)?sync\(\d+<[^>]*catalog\.sqlite-wal>\) += 0")


def calls(trace: Path) -> Iterator[str]:
    """Read the system calls in the order in which they ended."""
    begun: dict[str, str] = {}
    for line in trace.read_text(errors="replace").splitlines():
        match = _LINE.match(line)
        assert match, line
        process, call = match.groups()
        if call.endswith("<unfinished ...>"):
            begun[process] = call.removesuffix("<unfinished ...>")
        elif resumed := _RESUMED.match(call):
            yield begun.pop(process, "") + call[resumed.end() :]
        else:
            yield call


@dataclass
class Reading:
    """What a trace says of the order of things.

    Attributes:
        commits: Catalog commits by what they do, counted.
        unflushed: Those that publish while points written before are not durable.
        early: Deletions of points that begin before the commit they follow is durable.
    """

    commits: Counter[str] = field(default_factory=Counter)
    unflushed: list[str] = field(default_factory=list)
    early: list[str] = field(default_factory=list)
    _inside: str = ""
    _dirty: bool = False
    _committed: bool = True
    _log: list[range] = field(default_factory=list)

    def take(self, call: str) -> None:
        """Take the next system call in."""
        if mark := _MARK.match(call):
            self._mark(*mark.groups())
        elif match := _MMAP.match(call):
            start = int(match[3], 16)
            if "/vectors/wal/" in match[2]:
                self._log.append(range(start, start + int(match[1])))
        elif match := _UNMAP.match(call):
            gone = int(match[1], 16)
            self._log = [mapped for mapped in self._log if gone not in mapped]
        elif match := _MSYNC.match(call):
            # The store replays its log when it is opened: what is durable there is durable.
            if self._inside == "flush" and any(int(match[1], 16) in mapped for mapped in self._log):
                self._dirty = False
        elif _LOG_WRITE.match(call):
            self._committed = False
        elif _LOG_SYNC.match(call):
            self._committed = True

    def _mark(self, edge: str, name: str) -> None:
        self._inside = name if edge == "begin" else ""
        if edge == "end":
            if name in PUBLISHING:
                assert self._committed, f"{name} returned before its commit was durable"
            return
        if name in STORE_WRITES:
            self._dirty = True
        elif name in PUBLISHING:
            self.commits[name] += 1
            if self._dirty:
                self.unflushed.append(name)
        elif name == "remove":
            self.commits[name] += 1
        elif name == "delete_revision" and not self._committed:
            self.early.append(name)


def traced(scratch: Path, **environment: str) -> Reading:
    """Run the script under strace and read what it did."""
    strace = shutil.which("strace")
    if strace is None:
        pytest.skip("strace is not installed: run .ci/system as root")
    if subprocess.run([strace, "-o", os.devnull, "true"], capture_output=True, timeout=60, check=False).returncode:
        pytest.skip("strace may not trace here: allow ptrace, as with docker run --cap-add SYS_PTRACE")
    trace = scratch / "trace"
    watched = [strace, "-f", "--seccomp-bpf", "-y", "-s", "64", "-o", trace, "-e", f"trace={CALLS}"]
    root = str(Path(__file__).resolve().parents[2])
    done = subprocess.run(
        [*watched, sys.executable, traced_ingest.__file__, scratch],
        env=os.environ | {"PYTHONPATH": root} | environment,
        capture_output=True,
        text=True,
        timeout=500,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    reading = Reading()
    for call in calls(trace):
        reading.take(call)
    return reading


def test_points_are_durable_before_any_commit_that_publishes_them(tmp_path: Path) -> None:
    reading = traced(tmp_path)
    # Two runs over 55 pages: all new; 40 changed, 5 new, 5 restricted, 5 given an owner, 5 gone.
    assert reading.commits == {"publish": 100, "update_metadata": 10, "remove": 5}
    assert reading.unflushed == []
    assert reading.early == []


def test_a_store_that_does_not_flush_is_caught(tmp_path: Path) -> None:
    reading = traced(tmp_path, RUNCITE_TEST_MUTATION="flush")
    assert set(reading.unflushed) == PUBLISHING
