"""The head of the audit log enters, and stays beside the database: an end that was cut off is missed there."""

import fcntl
import logging
import os
import re
from dataclasses import dataclass
from pathlib import Path

from agent.errors import AnchorError

ANCHOR_NAME = "audit.anchor"

_LOG = logging.getLogger("runcite.audit")
_HEAD = re.compile(r"(\d{1,18}):([0-9a-f]{64})")
_SEQ_WIDTH = 18


@dataclass(frozen=True, slots=True)
class Head:
    """The last entry of an audit log: its number and its hash. Written as `18:3f…`."""

    seq: int
    hash: str

    def __str__(self) -> str:
        return f"{self.seq}:{self.hash}"

    @classmethod
    def parse(cls, text: str) -> "Head":
        """Read a head as it is written.

        Raises:
            AnchorError: It is none.
        """
        found = _HEAD.fullmatch(text.strip())
        if found is None:
            raise AnchorError(
                f"{text.strip()[:100]!r} is no head of an audit log; expected a number, a colon and 64 hexadecimal "
                "digits, as `runcite audit head` prints"
            )
        return cls(int(found[1]), found[2])


class Anchor:
    """A file with one line that only moves forward. Safe to use from many threads and processes."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def read(self) -> Head | None:
        """Return the head that was last left here; `None` where there is no file.

        Raises:
            AnchorError: The file holds something else, or cannot be read.
        """
        try:
            return Head.parse(self.path.read_text(encoding="ascii"))
        except FileNotFoundError:
            return None
        except (OSError, UnicodeDecodeError) as error:
            raise AnchorError(f"{str(self.path)!r} cannot be read: {error}; expected one line of ASCII") from error

    def exists(self) -> bool:
        """Tell whether there is a file, whatever it holds."""
        return self.path.exists()

    def reset(self, head: Head) -> None:
        """Begin at the head of a new log; a file that cannot be written is told of, as in `advance`."""
        try:
            with self.path.open("wb") as file:
                file.write(_line(head))
            self.path.chmod(0o600)
        except OSError as error:
            self._tell(error)

    def advance(self, head: Head) -> None:
        """Move forward to a head; where another process has moved further already, nothing changes.

        What is recorded is recorded, so a file that cannot be written is only told of: an anchor that lags behind
        still vouches for all entries up to its own.
        """
        _LOG.info("audit head %s", head)
        try:
            descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            self._tell(error)
            return
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            before = os.pread(descriptor, _SEQ_WIDTH, 0)
            if not before.isdigit() or int(before) < head.seq:
                # One short line within one page, always of the same length: a reader sees the old or the new one.
                os.pwrite(descriptor, _line(head), 0)
        except OSError as error:
            self._tell(error)
        finally:
            os.close(descriptor)

    def _tell(self, error: OSError) -> None:
        _LOG.warning("the anchor %r cannot be written: %s", str(self.path), error)


def _line(head: Head) -> bytes:
    return f"{head.seq:0{_SEQ_WIDTH}}:{head.hash}\n".encode()
