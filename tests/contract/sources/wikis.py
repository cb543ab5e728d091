"""Real MediaWiki and DokuWiki servers, each house in a category or namespace of its own."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import httpx

from ingest.ports import Source
from ingest.sources.dokuwiki import DokuWikiSource
from ingest.sources.mediawiki import MediaWikiSource
from ingest.sources.wiki_address import Credentials
from tests.contract.sources.house import GROUP, House
from tests.wikis.editors import DokuWikiEditor, MediaWikiEditor
from tests.wikis.house import Watched
from tests.wikis.servers import PASSWORD, USER

MANY = {"many": "filling a real wiki takes long, and the breaker is the same for every source"}

BROKEN_PAGE = b'{"error": {"code": "internal_api_error_Exception", "info": "Caught exception of type Exception"}}'
BROKEN_OFF = b"<?xml version='1.0'?><methodResponse><params>"


class Faulty(Watched):
    """The network, which answers with HTTP 500 what holds `failing`, and with `answer` what holds all of `spoilt`."""

    def __init__(self, answer: bytes, kind: str) -> None:
        super().__init__()
        self._answer, self._kind = answer, kind
        self.failing = b""
        self.spoilt: tuple[bytes, ...] = ()

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        asked = request.url.query + request.content
        if self.failing and self.failing in asked:
            return httpx.Response(500)
        if self.spoilt and all(part in asked for part in self.spoilt):
            return httpx.Response(200, content=self._answer, headers={"Content-Type": self._kind})
        return super().handle_request(request)


class MediaWikiHouse(House):
    lacks = MANY  # type: ignore[assignment]

    def __init__(self, wiki: MediaWikiEditor, category: str, leave: ExitStack) -> None:
        self._wiki = wiki
        self._category = category
        self._leave = leave
        self._network = Faulty(BROKEN_PAGE, "application/json")
        self._pages: dict[str, tuple[int, str, dict[str, str]]] = {}
        wiki.edit("Template:Runbook", "<includeonly></includeonly>")
        wiki.edit(f"Category:{category}", "Pages of one test.")

    def source(self) -> Source:
        location = self._wiki.location(f"category={self._category}")
        return MediaWikiSource(location, Credentials(USER, PASSWORD), self._network)

    def article_id(self, page: str) -> str:
        return f"mediawiki/{self._wiki.host}/{self._pages[page][0]}"

    def write(self, page: str, text: str) -> None:
        self._save(page, text, self._pages[page][2] if page in self._pages else {})

    def rename(self, page: str, to: str) -> None:
        self._pages[to] = self._pages.pop(page)
        self._wiki.move(self._title(page), self._title(to))

    def delete(self, page: str) -> None:
        self._wiki.delete(self._title(page))

    def spoil(self, page: str) -> None:
        number, text, stated = self._pages[page]
        self._save(page, f"{text} New.", stated)
        self._network.spoilt = (b"action=parse", f"pageid={number}".encode())

    @contextmanager
    def failing(self) -> Iterator[None]:
        self._network.failing = b"generator"
        yield
        self._network.failing = b""

    @contextmanager
    def empty(self) -> Iterator[None]:
        for page in self._pages:
            self._wiki.edit(self._title(page), "Taken out.")
        yield
        for page, (_, text, stated) in list(self._pages.items()):
            self._save(page, text, stated)

    def annotate(self, page: str) -> None:
        self._state(page, owner="desk")

    def restrict(self, page: str) -> None:
        self._state(page, audience=GROUP)

    def unrestrict(self, page: str) -> None:
        self._state(page, audience="everyone")

    def obscure(self, page: str) -> None:
        # Who may log in to a private wiki, the wiki does not say; it holds for all its pages.
        self._leave.enter_context(self._wiki.private())

    def archive(self, page: str) -> None:
        self._state(page, status="archived")

    def _state(self, page: str, **more: str) -> None:
        _, text, stated = self._pages[page]
        self._save(page, text, stated | more)

    def _save(self, page: str, text: str, stated: dict[str, str]) -> None:
        box = "".join(f"|{name}={value}" for name, value in stated.items())
        head = f"{{{{Runbook{box}}}}}\n" if box else ""
        number = self._wiki.edit(self._title(page), f"{head}{text}\n[[Category:{self._category}]]")
        self._pages[page] = (number, text, stated)

    def _title(self, page: str) -> str:
        return f"{self._category} {page}"


class DokuWikiHouse(House):
    lacks = MANY  # type: ignore[assignment]
    lasting_ids = False  # to DokuWiki a page that is moved is another page

    def __init__(self, wiki: DokuWikiEditor, namespace: str, leave: ExitStack) -> None:
        self._wiki = wiki
        self._namespace = namespace
        self._network = Faulty(BROKEN_OFF, "text/xml")
        self._pages: dict[str, tuple[str, dict[str, str]]] = {}
        leave.enter_context(wiki.rules(f"{namespace}:*\t@ALL\t1"))
        self._restricted = leave.enter_context(ExitStack())

    def source(self) -> Source:
        location = self._wiki.location(f"namespace={self._namespace}&groups=user,{GROUP}")
        return DokuWikiSource(location, Credentials(USER, PASSWORD), self._network)

    def article_id(self, page: str) -> str:
        return f"dokuwiki/{self._wiki.host}/{self._namespace}:{page}"

    def write(self, page: str, text: str) -> None:
        self._save(page, text, self._pages[page][1] if page in self._pages else {})

    def rename(self, page: str, to: str) -> None:
        text, stated = self._pages.pop(page)
        self._save(to, text, stated)
        self.delete(page)

    def delete(self, page: str) -> None:
        self._wiki.delete(f"{self._namespace}:{page}")

    def spoil(self, page: str) -> None:
        text, stated = self._pages[page]
        self._save(page, f"{text} New.", stated)
        self._network.spoilt = (b"getPageHTML", f"{self._namespace}:{page}".encode())

    @contextmanager
    def failing(self) -> Iterator[None]:
        self._network.failing = b"aclCheck"
        yield
        self._network.failing = b""

    @contextmanager
    def empty(self) -> Iterator[None]:
        for page in self._pages:
            self.delete(page)
        yield
        for page, (text, stated) in list(self._pages.items()):
            self._save(page, text, stated)

    def annotate(self, page: str) -> None:
        self._state(page, owner="desk")

    def restrict(self, page: str) -> None:
        self._rule(page, f"@{GROUP}\t1")

    def unrestrict(self, page: str) -> None:
        self._restricted.close()

    def obscure(self, page: str) -> None:
        # Open to a group that the source was not told to ask about.
        self._rule(page, "@somebody\t1")

    def archive(self, page: str) -> None:
        self._state(page, status="archived")

    def _rule(self, page: str, rule: str) -> None:
        name = f"{self._namespace}:{page}"
        self._restricted.enter_context(self._wiki.rules(f"{name}\t@ALL\t0", f"{name}\t@user\t0", f"{name}\t{rule}"))

    def _state(self, page: str, **more: str) -> None:
        text, stated = self._pages[page]
        self._save(page, text, stated | more)

    def _save(self, page: str, text: str, stated: dict[str, str]) -> None:
        head = "".join(f"^ {name} | {value} |\n" for name, value in stated.items())
        self._wiki.put(f"{self._namespace}:{page}", f"{head}\n{text}\n")
        self._pages[page] = (text, stated)
