"""A page's body with references to other pages enters; the body with them put in, and what it rests on, leave."""

from collections.abc import Callable, Mapping
from typing import Protocol

from ingest.errors import RequestError
from ingest.sources.confluence_pages import Page
from ingest.sources.confluence_site import Site

Fetch = Callable[[str, str | None], tuple[str, str, str] | None]
"""Given a page's title and the key of its space (`None`: the same one), returns id, version and storage format of the
page; `None` where it cannot be put in."""


class Prepare(Protocol):
    """Makes a body ready to be read."""

    def __call__(self, storage: str, fetch: Fetch, *, page_id: str | None = None) -> tuple[str, object]:
        """Put included pages in.

        Args:
            storage: The body, in the storage format.
            fetch: Finds them.
            page_id: The page's own id.

        Returns:
            The body, and anything: every page asked for is noted by `fetch` itself.
        """
        ...


class Shelf:
    """The listed pages of a space, by title.

    Args:
        pages: The pages.
        site: Hands over their bodies.
        space: The space's key.
    """

    def __init__(self, pages: list[Page], site: Site, space: str) -> None:
        self._by_title: Mapping[str, Page] = {page.title.casefold(): page for page in pages}
        self._site = site
        self._space = space

    def prepare(self, prepare: Prepare, page: Page, storage: str) -> tuple[str, tuple[str, ...]]:
        """Put included pages in.

        A page that fewer people may read than the including one is left out: who reads the one would read the other.
        So is one of another space, whose readers are not known here.

        Args:
            prepare: Does it.
            page: The page.
            storage: Its body.

        Returns:
            The body, and a mark of each page asked for, which differs once that page or its rights do.
        """
        marks: dict[str, str] = {}

        def fetch(title: str, space: str | None) -> tuple[str, str, str] | None:
            name = f"{space or self._space}:{title.casefold()}"
            other = self._by_title.get(title.casefold()) if space in {None, "", self._space} else None
            if other is None or not page.rights.within(other.rights):
                marks[name] = "not put in"
                return None
            text = self._text(other)
            marks[name] = "not put in" if text is None else other.etag
            return None if text is None else (other.page_id, str(other.version), text)

        text, _ = prepare(storage, fetch, page_id=page.page_id)
        return text, tuple(f"{name} {mark}" for name, mark in sorted(marks.items()))

    def _text(self, page: Page) -> str | None:
        try:
            body = self._site.body(page)
        except RequestError:
            return None
        return body.text if body.media_type == "application/x-confluence-storage" else None
