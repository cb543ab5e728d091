"""A folder in a git work tree enters; raw documents with their commit and edit date leave."""

import logging
import re
import shutil
import subprocess
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath

from ingest.errors import SourceError
from ingest.models import RawDocument, Rejected
from ingest.ports import IsCurrent, OnTotal, Source, ignore_total, never_current
from ingest.sources.files import Record, absolute, folder_id, is_candidate, read_files, require_folder, source_key
from ingest.sources.folder import FolderSource

TIMEOUT_S = 120.0
BULK_MIN_ARTICLES = 20
"""A commit is a bulk import if it touches more articles than this and more than half of all."""

_log = logging.getLogger(__name__)

# A repository's own configuration can name programs (hooks, monitors, filters, signature checkers, the transports that
# fetch missing objects): none of them is run. Filters have names of their choosing, see `filters_off`.
_GUARDS = (
    "--no-optional-locks",
    *("-c", "core.fsmonitor=false", "-c", "core.hooksPath=/dev/null", "-c", "log.showSignature=false"),
    *(
        option
        for transport in ("ext", "file", "git", "http", "https", "ssh")
        for option in ("-c", f"protocol.{transport}.allow=never")
    ),
)
# Set where a git hook starts us, and then they name the hook's repository instead of ours. C: messages are compared.
ENVIRONMENT = ("env", "-u", "GIT_DIR", "-u", "GIT_WORK_TREE", "-u", "GIT_INDEX_FILE", "-u", "GIT_PREFIX", "LC_ALL=C")
_UNLISTED = b"could not open directory"
_SUBMODULE = b"160000 "
_LOG_HEADER = re.compile(rb"\x01([0-9a-f]{40,64}) (-?[0-9]*)\Z")


@dataclass(frozen=True, slots=True)
class _Commit:
    sha: str
    authored: datetime | None
    paths: tuple[PurePosixPath, ...]


class GitSource:
    """Files below a folder that git tracks or would track, with what its history knows of them.

    A file's version is the last commit that touched it. Its edit date is the author date of the last commit that was
    not a bulk one: an import of the whole wiki, or a reformatting of every page, is no person's edit of this page. A
    file with changes that are not committed has neither.

    Args:
        root: A folder within a work tree.
    """

    def __init__(self, root: Path) -> None:
        self._root = absolute(root)

    @property
    def key(self) -> str:
        """`folder:` and the absolute path, as without git."""
        return source_key(self._root)

    def scan(
        self, _is_current: IsCurrent = never_current, on_total: OnTotal = ignore_total, /
    ) -> Iterator[RawDocument | Rejected]:
        """List every file of a known kind, in the order of their paths.

        Yields:
            Documents, and what was left out and why.

        Raises:
            SourceError: The folder is missing, or git cannot list it.
        """
        require_folder(self._root)
        entries = [entry.partition(b"\t") for entry in self._git("ls-files", "-z", "--stage").split(b"\0") if entry]
        tracked = set(_candidates(name for _, _, name in entries))
        others, unlisted = self._others()
        nested = [name for mode, _, name in entries if mode.startswith(_SUBMODULE)]
        inside = list(self._repositories_inside([*nested, *others]))
        files = tracked.union(_candidates(others))
        on_total(len(inside) + len(files))
        yield from inside
        yield from read_files(self._root, files, self._records(tracked))
        if unlisted:
            raise SourceError(f"git cannot list all of {str(self._root)!r}: {unlisted}; nothing can be said to be gone")

    def _others(self) -> tuple[list[bytes], str]:
        """List what git does not track and is not told to ignore, and say what it could not look into."""
        finished = self._finish("ls-files", "-z", "--others", "--exclude-standard")
        complaint = finished.stderr.decode("utf-8", "replace").strip() if _UNLISTED in finished.stderr else ""
        return [name for name in finished.stdout.split(b"\0") if name], complaint

    def _repositories_inside(self, names: list[bytes]) -> Iterator[Rejected]:
        """Report the work trees within this one, whose files git does not list."""
        for path in sorted(set(_paths(names))):
            if not is_candidate(path / "any.md") or not (self._root / path / ".git").exists():
                continue
            yield Rejected(folder_id(path), "skipped", "is a repository of its own; add it as a source instead")

    def _records(self, tracked: set[PurePosixPath]) -> dict[PurePosixPath, Record]:
        if not _succeeds(self._root, "rev-parse", "--verify", "--quiet", "HEAD"):
            return {}
        options = ("-z", "--name-only", "--relative", "--no-ext-diff", "--no-textconv", "--ignore-submodules=all")
        filters = filters_off(self._root)
        changed = set(_paths(self._git(*filters, "diff", *options, "HEAD", "--", ".").split(b"\0")))
        commits = _parse_log(self._git("log", *options, "--no-renames", "--format=%x01%H %at", "--", "."))
        undated = self._history_ends() | _bulk_commits(commits, len(tracked))
        return _newest(commits, tracked - changed, undated)

    def _history_ends(self) -> set[str]:
        """Return the commits at which a shallow clone ends: they seem to touch every file."""
        marker = self._root / self._git("rev-parse", "--git-path", "shallow").decode("utf-8", "surrogateescape").strip()
        return set(marker.read_text(encoding="ascii").split()) if marker.is_file() else set()

    def _git(self, *arguments: str) -> bytes:
        return self._finish(*arguments).stdout

    def _finish(self, *arguments: str) -> subprocess.CompletedProcess[bytes]:
        try:
            return _run(self._root, *arguments)
        except (OSError, subprocess.SubprocessError) as error:
            said = getattr(error, "stderr", None) or b""
            detail = said.decode("utf-8", "replace").strip() or str(error)
            raise SourceError(f"git failed in {str(self._root)!r}: {detail}") from error


def local_source(path: Path) -> Source:
    """Choose how to read a local path: by git where it is part of a work tree, else as a plain folder.

    Where git is missing, or refuses the repository, the folder is read without it and a warning is logged: articles
    then have no version and no edit date, which can only make them act less.

    Args:
        path: A folder or file.

    Returns:
        The source; its key is the same either way.
    """
    root = absolute(path)
    if not root.is_dir() or not any((parent / ".git").exists() for parent in (root, *root.parents)):
        return FolderSource(root)
    if not _succeeds(root, "rev-parse", "--is-inside-work-tree"):
        _log.warning(
            "git cannot read the repository of %r; its files are read without version and edit date", str(root)
        )
        return FolderSource(root)
    # A folder that git is told to ignore has files all the same.
    return FolderSource(root) if _succeeds(root, "check-ignore", "--quiet", ".") else GitSource(root)


def _run(root: Path, *arguments: str) -> subprocess.CompletedProcess[bytes]:
    executable = shutil.which("git")
    if executable is None:
        raise FileNotFoundError("git is not installed")
    return subprocess.run(  # noqa: S603 - a fixed program, no shell
        [*ENVIRONMENT, executable, "-C", str(root), *_GUARDS, *arguments],
        capture_output=True,
        check=True,
        timeout=TIMEOUT_S,
        stdin=subprocess.DEVNULL,
    )


def filters_off(root: Path) -> list[str]:
    """Return the options that switch off every content filter the configuration names."""
    try:
        listed = _run(root, "config", "-z", "--name-only", "--get-regexp", r"^filter\.").stdout
    except (OSError, subprocess.SubprocessError):
        # Exit code 1: there are none.
        return []
    names = {key.rpartition(b".")[0].decode("utf-8", "surrogateescape") for key in listed.split(b"\0") if key}
    for name in names:
        if "=" in name:
            raise SourceError(
                f"git configuration of {str(root)!r} has {name!r}, which cannot be switched off; rename it"
            )
    off = [f"{name}.{setting}" for name in sorted(names) for setting in ("clean=", "process=", "required=false")]
    return [option for setting in off for option in ("-c", setting)]


def _succeeds(root: Path, *arguments: str) -> bool:
    try:
        _run(root, *arguments)
    except (OSError, subprocess.SubprocessError):
        return False
    return True


def _paths(names: Iterable[bytes]) -> list[PurePosixPath]:
    return [PurePosixPath(name.decode("utf-8", "surrogateescape")) for name in names if name]


def _candidates(names: Iterable[bytes]) -> Iterator[PurePosixPath]:
    return filter(is_candidate, _paths(names))


def _parse_log(output: bytes) -> list[_Commit]:
    """Read `%x01%H %at` headers, each followed by the names of the files it touched, newest first."""
    commits: list[_Commit] = []
    names: list[bytes] = []
    # Backwards, so that a header closes the names that stand below it.
    for field in reversed(output.split(b"\0")):
        header = _LOG_HEADER.match(field)
        if header is None:
            names.append(field.removeprefix(b"\n"))
            continue
        commits.append(_Commit(header[1].decode("ascii"), _moment(header[2]), tuple(_candidates(names))))
        names = []
    return commits[::-1]


def _moment(seconds: bytes) -> datetime | None:
    try:
        return datetime.fromtimestamp(int(seconds), UTC)
    except (ValueError, OverflowError, OSError):
        # A commit may claim any date at all.
        return None


def _bulk_commits(commits: list[_Commit], articles: int) -> set[str]:
    least = max(BULK_MIN_ARTICLES, articles / 2)
    return {commit.sha for commit in commits if len(commit.paths) > least}


def _newest(commits: list[_Commit], clean: set[PurePosixPath], undated: set[str]) -> dict[PurePosixPath, Record]:
    """Give each unchanged file its newest commit, and the date of the newest one that dates it."""
    versions: dict[PurePosixPath, str] = {}
    dates: dict[PurePosixPath, datetime] = {}
    for commit in commits:
        for path in commit.paths:
            versions.setdefault(path, commit.sha)
            if commit.authored is not None and commit.sha not in undated:
                dates.setdefault(path, commit.authored)
    return {path: Record(versions.get(path), dates.get(path)) for path in clean}
