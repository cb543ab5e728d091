"""Confluence Cloud and Data Center, by the fake site over real HTTP."""

from collections.abc import Iterator
from contextlib import contextmanager

from ingest.ports import Source
from ingest.sources.confluence import ConfluenceSource
from ingest.sources.confluence_client import Credentials
from ingest.sources.confluence_location import Location
from tests.confluence_pages import WikiPage
from tests.confluence_server import TOKEN, USER, Wiki
from tests.contract.sources.house import GROUP, House


class ConfluenceHouse(House):
    def __init__(self, wiki: Wiki, base: str) -> None:
        self._wiki = wiki
        self._location = Location.parse(f"confluence+{base}?space=IT&flavor={wiki.flavor}")
        self._ids: dict[str, str] = {}

    def source(self) -> Source:
        return ConfluenceSource(self._location, Credentials(USER, TOKEN), sleep=lambda _: None)

    def article_id(self, page: str) -> str:
        return f"confluence/IT/{self._ids[page]}"

    def write(self, page: str, text: str) -> None:
        if page in self._ids:
            self._page(page).edit(f"<p>{text}</p>")
            return
        self._ids[page] = str(len(self._ids) + 1)
        self._wiki.add(self._ids[page], page, f"<p>{text}</p>")

    def rename(self, page: str, to: str) -> None:
        self._ids[to] = self._ids.pop(page)
        self._page(to).title = to
        self._page(to).version += 1

    def delete(self, page: str) -> None:
        del self._wiki.pages[self._ids[page]]

    def spoil(self, page: str) -> None:
        self._page(page).edit("<p>New.</p>")
        page_id = self._ids[page]
        self._wiki.always = {f"pages/{page_id}?body": 403, f"content/{page_id}?expand=body": 403}

    @contextmanager
    def failing(self) -> Iterator[None]:
        # The first page of the listing comes, the second does not.
        self._wiki.max_limit = 1
        self._wiki.always = {"cursor=" if self._wiki.flavor == "cloud" else "start=1": 500}
        yield
        self._wiki.max_limit = 250
        self._wiki.always = {}

    @contextmanager
    def empty(self) -> Iterator[None]:
        before, self._wiki.pages = self._wiki.pages, {}
        yield
        self._wiki.pages = before

    def annotate(self, page: str) -> None:
        self._page(page).properties = {"runcite": {"owner": "desk"}}

    def restrict(self, page: str) -> None:
        self._page(page).groups = [GROUP]

    def unrestrict(self, page: str) -> None:
        self._page(page).groups = []

    def obscure(self, page: str) -> None:
        self._page(page).parent = "hidden-page"

    def archive(self, page: str) -> None:
        self._page(page).status = "archived"

    def _page(self, page: str) -> WikiPage:
        return self._wiki.pages[self._ids[page]]
