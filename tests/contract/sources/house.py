"""What the contract asks of every kind of source: somebody writes in it, and somebody scans it."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from contextlib import AbstractContextManager
from typing import ClassVar, Literal

from ingest.ports import Source

GROUP = "netops"

Ability = Literal["annotate", "restrict", "obscure", "archive", "many"]


class House(ABC):
    """One source and the people who write in it.

    Pages are called by short names such as `vpn`; the article's title need not be that.

    Attributes:
        lacks: What this kind of source cannot do, and why.
        lasting_ids: Whether a page that is renamed stays the same article.
    """

    lacks: ClassVar[Mapping[Ability, str]] = {}
    lasting_ids: ClassVar[bool] = True

    @abstractmethod
    def source(self) -> Source:
        """Open the source, as each run does."""

    @abstractmethod
    def article_id(self, page: str) -> str:
        """Return the article id of a page, as it is called now."""

    @abstractmethod
    def write(self, page: str, text: str) -> None:
        """Make a page of one paragraph, or give one another text; nothing restricts a new one."""

    @abstractmethod
    def rename(self, page: str, to: str) -> None:
        """Give a page another name, as a person would move it."""

    @abstractmethod
    def delete(self, page: str) -> None:
        """Remove a page."""

    @abstractmethod
    def spoil(self, page: str) -> None:
        """Give a page a new state that cannot be had or read."""

    @abstractmethod
    def failing(self) -> AbstractContextManager[object]:
        """Make listings break off."""

    @abstractmethod
    def empty(self) -> AbstractContextManager[object]:
        """Make listings come out empty."""

    def annotate(self, page: str) -> None:
        """Change what is known of a page besides its text: its owner or a label."""
        raise NotImplementedError

    def restrict(self, page: str) -> None:
        """Let nobody but `GROUP` read a page."""
        raise NotImplementedError

    def unrestrict(self, page: str) -> None:
        """Let everybody read a page again."""
        raise NotImplementedError

    def obscure(self, page: str) -> None:
        """Restrict a page in a way that the source does not explain."""
        raise NotImplementedError

    def archive(self, page: str) -> None:
        """Put a page away, as its source calls that."""
        raise NotImplementedError
