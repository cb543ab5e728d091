"""The address of a git repository enters; raw documents of one branch leave, read from a clone that is kept."""

import base64
import hashlib
import re
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePosixPath
from tempfile import NamedTemporaryFile
from urllib.parse import parse_qsl, quote, urlsplit

from ingest.errors import SourceError
from ingest.models import RawDocument, Rejected
from ingest.ports import IsCurrent, OnTotal, ignore_total, never_current
from ingest.sources.git import ENVIRONMENT, GitSource, filters_off

CLONES = "clones"
NETWORK_TIMEOUT_S = 900.0
LOCAL_TIMEOUT_S = 120.0

_SCHEMES = {"git+https": "https", "git+file": "file"}
_REF = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_./+-]*")
_HEADER = "runcite-header-"
_EXPECTED = "git+https://HOST/REPOSITORY.git?ref=BRANCH&path=FOLDER"

# As in `ingest.sources.git`: what the clone's configuration could name is not run. Of the transports, one may be used.
_GUARDS = (
    *("-c", "core.fsmonitor=false", "-c", "core.hooksPath=/dev/null", "-c", "protocol.allow=never"),
    *(
        "-c",
        "submodule.recurse=false",
        "-c",
        "gc.auto=0",
        "-c",
        "maintenance.auto=false",
        "-c",
        "advice.detachedHead=0",
    ),
    # A connection that stands still for a minute is given up; redirects would take credentials elsewhere.
    *("-c", "http.lowSpeedLimit=1000", "-c", "http.lowSpeedTime=60", "-c", "http.followRedirects=false"),
)
# Nobody sits at a terminal to type a password.
_SILENT = ("GIT_TERMINAL_PROMPT=0", "GIT_ASKPASS=true", "SSH_ASKPASS=true")


@dataclass(frozen=True, slots=True)
class Repository:
    """Where a repository is and what of it is read.

    Attributes:
        uri: What names it, in one spelling: the key of the source.
        remote: What git fetches from; it holds no credentials.
        ref: Branch, tag or commit.
        path: Folder below its root.
    """

    uri: str
    remote: str
    ref: str
    path: PurePosixPath


def parse_repository(uri: str) -> Repository:
    """Take a repository's URI apart.

    Args:
        uri: `git+https://host/repository.git?ref=main&path=docs`; without `ref` what the server checks out, without
            `path` all of it.

    Raises:
        SourceError: It is no such URI, or holds credentials, which would end up in logs and in the index.
    """
    parts = urlsplit(uri)
    if parts.username is not None or parts.password is not None:
        bare = parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()
        raise SourceError(f"source {bare!r} was given with credentials; leave them out and set RUNCITE_GIT_TOKEN")
    given = dict(parse_qsl(parts.query, keep_blank_values=True))
    unknown = sorted(set(given) - {"ref", "path"})
    if parts.scheme not in _SCHEMES or unknown or parts.fragment or not parts.path.strip("/"):
        raise SourceError(f"source {uri!r} cannot be read; expected {_EXPECTED}")
    ref, path = given.get("ref", "HEAD"), PurePosixPath(given.get("path", "").strip("/"))
    if not _REF.fullmatch(ref) or ".." in ref:
        raise SourceError(f"source {uri!r} has ref={ref!r}; expected a branch, a tag or a commit")
    if ".." in path.parts or ".git" in path.parts:
        raise SourceError(f"source {uri!r} has path={str(path)!r}; expected a folder inside the repository")
    remote = f"{_SCHEMES[parts.scheme]}://{parts.netloc}{parts.path.rstrip('/')}"
    stated = {"ref": "" if ref == "HEAD" else ref, "path": "" if path == PurePosixPath() else path.as_posix()}
    query = "&".join(f"{name}={quote(value)}" for name, value in stated.items() if value)
    return Repository(f"git+{remote}{'?' if query else ''}{query}", remote, ref, path)


@dataclass(frozen=True)
class CloneSource:
    """A branch of a repository somewhere else, fetched into a clone at every scan and read as a work tree.

    The clone holds all commits and folders, and the files of the state that is read: a file's version and edit date
    come from history, so a shallow clone would know neither; old contents are not needed and not fetched, where the
    server can leave them out. One process at a time may scan: the home's lock sees to it.

    Args:
        repository: What to read.
        home: The home; the clone is kept below it.
        token: Password for a server that asks for one.
    """

    repository: Repository
    home: Path
    token: str | None = field(default=None, repr=False)

    @property
    def key(self) -> str:
        """The repository's URI, without credentials."""
        return self.repository.uri

    def scan(
        self, is_current: IsCurrent = never_current, on_total: OnTotal = ignore_total, /
    ) -> Iterator[RawDocument | Rejected]:
        """Fetch, then list every file of a known kind.

        Yields:
            Documents, and what was left out and why.

        Raises:
            SourceError: The repository, the ref or the folder cannot be had.
        """
        clone = self._clone()
        self._update(clone)
        root = clone / self.repository.path
        if not root.is_dir() or not root.resolve().is_relative_to(clone.resolve()):
            raise SourceError(
                f"source {self.key!r} has no folder {self.repository.path.as_posix()!r} at {self.repository.ref!r}; "
                "check path= and ref="
            )
        for item in GitSource(root).scan(is_current, on_total):
            yield item if isinstance(item, Rejected) else replace(item, source=self.key)

    def _clone(self) -> Path:
        """Return the clone's folder, made where there is none, freed of what a killed run left: locks, a token."""
        clone = self.home / CLONES / hashlib.sha256(self.repository.remote.encode()).hexdigest()[:24]
        try:
            clone.mkdir(parents=True, exist_ok=True)
            git = clone / ".git"
            for left in (*git.rglob("*.lock"), *git.glob(f"{_HEADER}*")):
                left.unlink(missing_ok=True)
        except OSError as error:
            raise SourceError(f"cannot clone into {str(clone)!r}: {error.strerror}; check the home") from error
        if not (clone / ".git" / "HEAD").exists():
            self._git(clone, "init", "--quiet", "--template=", ".")
        # Each time: a run may have been killed between the two.
        self._git(clone, "config", "remote.origin.url", self.repository.remote)
        return clone

    def _update(self, clone: Path) -> None:
        off = filters_off(clone)
        with self._credentials(clone) as credentials:
            network = (*credentials, *off, "-c", f"protocol.{urlsplit(self.repository.remote).scheme}.allow=always")
            fetch = ("fetch", "--quiet", "--no-tags", "--force", "--no-recurse-submodules", "--filter=blob:none")
            self._git(clone, *network, *fetch, "origin", self.repository.ref, timeout_s=NETWORK_TIMEOUT_S)
            # Fetches the files that the clone does not have yet, so it may use the network too.
            checkout = ("checkout", "--quiet", "--force", "--detach", "FETCH_HEAD")
            self._git(clone, *network, *checkout, timeout_s=NETWORK_TIMEOUT_S)
        self._git(clone, *off, "clean", "-ffdxq")

    @contextmanager
    def _credentials(self, clone: Path) -> Iterator[tuple[str, ...]]:
        """Hand git the token in a file that only we can read: arguments and environment are seen by others."""
        if self.token is None:
            yield ()
            return
        parts = urlsplit(self.repository.remote)
        # GitHub, GitLab, Gitea and Bitbucket take a token as password and any user's name beside it.
        basic = base64.b64encode(f"x-access-token:{self.token}".encode()).decode()
        with NamedTemporaryFile("w", dir=clone / ".git", prefix=_HEADER) as file:
            file.write(f'[http "{parts.scheme}://{parts.netloc}/"]\n\textraHeader = "Authorization: Basic {basic}"\n')
            file.flush()
            yield ("-c", f"include.path={Path(file.name).absolute()}")

    def _git(self, clone: Path, *arguments: str, timeout_s: float = LOCAL_TIMEOUT_S) -> None:
        executable = shutil.which("git")
        if executable is None:
            raise SourceError(f"source {self.key!r} needs git, which is not installed; install it")
        try:
            subprocess.run(  # noqa: S603 - a fixed program, no shell
                [*ENVIRONMENT, *_SILENT, executable, "-C", str(clone), *_GUARDS, *arguments],
                capture_output=True,
                check=True,
                timeout=timeout_s,
                stdin=subprocess.DEVNULL,
            )
        except subprocess.TimeoutExpired as error:
            raise SourceError(f"git gave up on {self.key!r} after {timeout_s:.0f} s; try again later") from error
        except (OSError, subprocess.SubprocessError) as error:
            said = (getattr(error, "stderr", None) or b"").decode("utf-8", "replace").strip().splitlines()
            detail = said[-1] if said else "git failed"
            remedy = "check the address, ref= and, if it is private, RUNCITE_GIT_TOKEN"
            if "certificate" in detail:
                remedy = "mend the certificate, or name its authority's file in GIT_SSL_CAINFO"
            raise SourceError(f"cannot fetch {self.key!r}: {detail}; {remedy}") from error
