"""A folder in a git work tree enters; raw documents with their commit and edit date leave."""

import logging
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath

from ingest.errors import SourceError
from ingest.models import RawDocument, Rejected
from ingest.ports import Source
from ingest.sources.files import Record, absolute, is_candidate, read_files, require_folder, source_key
from ingest.sources.folder import FolderSource

TIMEOUT_S = 120.0
BULK_MIN_ARTICLES = 20
"""A commit is a bulk import if it touches more articles than this and more than half of all."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Commit:
    sha: str
    authored: datetime
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

    def scan(self) -> Iterator[RawDocument | Rejected]:
        """List every file of a known kind, in the order of their paths.

        Yields:
            Documents, and what was left out and why.

        Raises:
            SourceError: The folder is missing, or git cannot list it.
        """
        require_folder(self._root)
        tracked = set(_candidates(self._git("ls-files", "-z", "--cached")))
        others = _candidates(self._git("ls-files", "-z", "--others", "--exclude-standard"))
        yield from read_files(self._root, tracked.union(others), self._records(tracked))

    def _records(self, tracked: set[PurePosixPath]) -> dict[PurePosixPath, Record]:
        if not _succeeds(self._root, "rev-parse", "--verify", "--quiet", "HEAD"):
            return {}
        changed = set(_paths(self._git("diff", "-z", "--name-only", "--relative", "--no-ext-diff", "HEAD", "--", ".")))
        commits = _parse_log(
            self._git("log", "-z", "--no-renames", "--relative", "--format=%x01%H %aI", "--name-only", "--", ".")
        )
        undated = self._history_ends() | _bulk_commits(commits, len(tracked))
        return _newest(commits, tracked - changed, undated)

    def _history_ends(self) -> set[str]:
        """Return the commits at which a shallow clone ends: they seem to touch every file."""
        marker = self._root / self._git("rev-parse", "--git-path", "shallow").decode("utf-8", "surrogateescape").strip()
        return set(marker.read_text(encoding="ascii").split()) if marker.is_file() else set()

    def _git(self, *arguments: str) -> bytes:
        try:
            return _run(self._root, *arguments)
        except (OSError, subprocess.SubprocessError) as error:
            said = getattr(error, "stderr", None) or b""
            detail = said.decode("utf-8", "replace").strip() or str(error)
            raise SourceError(f"git {arguments[0]} failed in {str(self._root)!r}: {detail}") from error


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


def _run(root: Path, *arguments: str) -> bytes:
    executable = shutil.which("git")
    if executable is None:
        raise FileNotFoundError("git is not installed")
    # Hooks and file system monitors are programs that a repository can name: nothing of it is run.
    guards = ("--no-optional-locks", "-c", "core.fsmonitor=false", "-c", "core.hooksPath=/dev/null")
    command = [executable, "-C", str(root), *guards, *arguments]
    finished = subprocess.run(  # noqa: S603 - a fixed program, no shell
        command, capture_output=True, check=True, timeout=TIMEOUT_S, stdin=subprocess.DEVNULL
    )
    return finished.stdout


def _succeeds(root: Path, *arguments: str) -> bool:
    try:
        _run(root, *arguments)
    except (OSError, subprocess.SubprocessError):
        return False
    return True


def _paths(output: bytes) -> list[PurePosixPath]:
    return [PurePosixPath(name.decode("utf-8", "surrogateescape")) for name in output.split(b"\0") if name]


def _candidates(output: bytes) -> Iterator[PurePosixPath]:
    return filter(is_candidate, _paths(output))


def _parse_log(output: bytes) -> list[_Commit]:
    """Read `%x01%H %aI` headers, each followed by the names of the files it touched, newest first."""
    commits: list[_Commit] = []
    for record in output.split(b"\x01")[1:]:
        header, *names = record.split(b"\0")
        sha, authored = header.decode("ascii").split(" ")
        paths = filter(is_candidate, _paths(b"\0".join(name.removeprefix(b"\n") for name in names)))
        commits.append(_Commit(sha, datetime.fromisoformat(authored).astimezone(UTC), tuple(paths)))
    return commits


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
            if commit.sha not in undated:
                dates.setdefault(path, commit.authored)
    return {path: Record(versions.get(path), dates.get(path)) for path in clean}
