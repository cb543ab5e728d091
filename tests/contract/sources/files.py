"""Folders and git repositories of Markdown files."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ingest.ports import Source
from ingest.sources.clone import CloneSource, parse_repository
from ingest.sources.folder import FolderSource
from ingest.sources.git import GitSource
from tests.contract.sources.house import GROUP, House

IDENTITY = ("-c", "user.name=Ann", "-c", "user.email=a@example.org", "-c", "commit.gpgsign=false")
# The parser takes nothing with a NUL byte for text.
UNREADABLE = b"\0\1\2\0" * 64


class FolderHouse(House):
    lasting_ids = False  # a file's path is all the name it has

    def __init__(self, scratch: Path) -> None:
        self.root = scratch / "kb"
        self.root.mkdir()
        self._pages: dict[str, tuple[str, dict[str, str]]] = {}

    def source(self) -> Source:
        return FolderSource(self.root)

    def article_id(self, page: str) -> str:
        return f"desk/{page}"

    def write(self, page: str, text: str) -> None:
        self._pages[page] = (text, self._pages.get(page, ("", {}))[1])
        self._save(page)

    def rename(self, page: str, to: str) -> None:
        self._pages[to] = self._pages.pop(page)
        self._path(page).rename(self._path(to))
        self.saved()

    def delete(self, page: str) -> None:
        self._path(page).unlink()
        self.saved()

    def spoil(self, page: str) -> None:
        self._path(page).write_bytes(UNREADABLE)
        self.saved()

    @contextmanager
    def failing(self) -> Iterator[None]:
        away = self.root.with_name("away")
        self.root.rename(away)
        yield
        away.rename(self.root)

    @contextmanager
    def empty(self) -> Iterator[None]:
        away = self.root.with_name("away")
        (self.root / "desk").rename(away)
        self.saved()
        yield
        away.rename(self.root / "desk")
        self.saved()

    def annotate(self, page: str) -> None:
        self._state(page, owner="desk")

    def restrict(self, page: str) -> None:
        self._state(page, audience=f"[{GROUP}]")

    def unrestrict(self, page: str) -> None:
        self._state(page, audience="everyone")

    def obscure(self, page: str) -> None:
        self._state(page, audience="{group: 7}")

    def archive(self, page: str) -> None:
        self._state(page, status="archived")

    def saved(self) -> None:
        """Do what comes after a change."""

    def _state(self, page: str, **stated: str) -> None:
        text, before = self._pages[page]
        self._pages[page] = (text, before | stated)
        self._save(page)

    def _save(self, page: str) -> None:
        text, stated = self._pages[page]
        head = "".join(f"{name}: {value}\n" for name, value in stated.items())
        self._path(page).parent.mkdir(exist_ok=True)
        self._path(page).write_text(f"---\n{head}---\n{text}\n" if head else f"{text}\n")
        self.saved()

    def _path(self, page: str) -> Path:
        return self.root / "desk" / f"{page}.md"


class WorkTreeHouse(FolderHouse):
    """A git work tree, every change committed."""

    def __init__(self, scratch: Path) -> None:
        super().__init__(scratch)
        self._git("init", "--quiet", "--initial-branch=main")

    def source(self) -> Source:
        return GitSource(self.root)

    def saved(self) -> None:
        self._git("add", "--all")
        self._git("commit", "--quiet", "--allow-empty", "--message", "Edit")

    @contextmanager
    def failing(self) -> Iterator[None]:
        head = self.root / ".git" / "HEAD"
        before = head.read_bytes()
        head.write_bytes(b"nonsense")
        yield
        head.write_bytes(before)

    def _git(self, *arguments: str) -> None:
        environment = {"PATH": "/usr/bin:/bin", "HOME": str(self.root)}
        command = ["git", "-C", str(self.root), *IDENTITY, *arguments]
        subprocess.run(command, check=True, capture_output=True, env=environment)


class CloneHouse(WorkTreeHouse):
    """A repository somewhere else, fetched at each scan."""

    def __init__(self, scratch: Path) -> None:
        self._home = scratch / "home"
        super().__init__(scratch)

    def source(self) -> Source:
        return CloneSource(parse_repository(f"git+file://{self.root}"), self._home)

    @contextmanager
    def failing(self) -> Iterator[None]:
        away = self.root.with_name("away")
        self.root.rename(away)
        yield
        away.rename(self.root)
