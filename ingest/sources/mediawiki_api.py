"""Questions about a MediaWiki's pages enter, what `api.php` says of them leaves."""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus
from typing import Any, Final
from urllib.parse import urljoin

from ingest.errors import SourceError, WikiRefusalError
from ingest.sources.wiki_address import Credentials
from ingest.sources.wiki_http import Reply, WikiClient

MAX_LAG_S = 5
MAX_REVISIONS = 20
"""How far back the last real edit is looked for; more moves and protections in a row than this are not seen."""

DENIED: Final = frozenset({"readapidenied", "permissiondenied", "cantread", "missingpermission"})
GONE: Final = frozenset({"nosuchpageid", "missingtitle", "nosuchrevid"})

_LISTING: Final = {
    "prop": "info|revisions|categories|images",
    "rvprop": "ids|timestamp",
    "inprop": "url|protection",
    "cllimit": "max",
    "imlimit": "max",
}
_TITLES_AT_ONCE: Final = 50


@dataclass(frozen=True, slots=True)
class Page:
    """A page as a listing describes it.

    Attributes:
        page_id: The number that it keeps when it is moved.
        title: Its title, with the name of its namespace.
        model: Its content model; `wikitext` for ordinary pages.
        revision: Number of its latest revision.
        timestamp: When that revision was made.
        touched: When what it shows last changed, edits of its templates included.
        url: Where a person can open it.
        categories: Titles of its categories, with the name of the namespace.
        protection: Each protection as `type=level`.
        files: Titles of the files that it shows or links to.
    """

    page_id: int
    title: str
    model: str
    revision: int
    timestamp: str
    touched: str
    url: str
    categories: tuple[str, ...]
    protection: tuple[str, ...]
    files: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class File:
    """A file's latest version: the number of its page, its title, when it was uploaded, size, digest, and where it is.

    `url` is the content's address, `opened` that of the page about it.
    """

    page_id: int
    title: str
    timestamp: str
    size: int
    digest: str
    url: str
    opened: str


@dataclass(frozen=True, slots=True)
class Body:
    """A page's content: rendered HTML, wikitext, categories without their namespace, revision number."""

    html: str
    wikitext: str
    categories: tuple[str, ...]
    revision: int


class MediaWikiApi:
    """Asks one wiki.

    Args:
        client: Speaks to its `api.php`.
    """

    def __init__(self, client: WikiClient) -> None:
        self._client = client
        self._standing: dict[str, str] = {"format": "json", "formatversion": "2", "maxlag": str(MAX_LAG_S)}

    def login(self, credentials: Credentials) -> None:
        """Log in by bot password; from then on a lost session is an error rather than a shorter listing.

        Raises:
            SourceError: User or password are wrong.
        """
        token = self._within(self._ask({"action": "query", "meta": "tokens", "type": "login"}), "query", "tokens")
        form = {
            "action": "login",
            "lgname": credentials.user,
            "lgpassword": credentials.password,
            "lgtoken": token["logintoken"],
        }
        answer = self._read(self._client.post_form(self._standing | form)).get("login", {})
        if answer.get("result") != "Success":
            raise SourceError(
                f"wiki {self._client.endpoint!r} does not let {credentials.user!r} in: "
                f"{answer.get('reason', answer.get('result'))}; check RUNCITE_MEDIAWIKI_USER and "
                "RUNCITE_MEDIAWIKI_PASSWORD (a bot password from Special:BotPasswords)"
            )
        self._standing["assert"] = "user"

    def may_read(self) -> bool:
        """Tell whether the present user, anonymous before `login`, may read the wiki."""
        try:
            answer = self._ask({"action": "query", "meta": "userinfo", "uiprop": "rights"})
        except WikiRefusalError as error:
            if error.code in DENIED:
                return False
            raise
        return "read" in self._within(answer, "query", "userinfo").get("rights", ())

    def category_exists(self, category: str) -> bool:
        """Tell whether a category has a page or members."""
        answer = self._ask({"action": "query", "titles": f"Category:{category}", "prop": "categoryinfo"})
        return any(
            not page.get("missing") or "categoryinfo" in page for page in self._within(answer, "query").get("pages", ())
        )

    def pages(self, namespace: str) -> Iterator[Page]:
        """List every page of a namespace, redirects left out."""
        generator = {"generator": "allpages", "gapnamespace": namespace, "gapfilterredir": "nonredirects"}
        return self._list(generator | {"gaplimit": "max"})

    def members(self, category: str, namespaces: tuple[str, ...]) -> Iterator[Page]:
        """List the pages of a category itself, its subcategories not entered, redirects left out."""
        generator = {"generator": "categorymembers", "gcmtitle": f"Category:{category}", "gcmtype": "page"}
        return self._list(generator | {"gcmnamespace": "|".join(namespaces), "gcmlimit": "max"})

    def body(self, page_id: int) -> Body:
        """Fetch a page as it is shown, without its table of contents and edit links."""
        answer = self._ask(
            {
                "action": "parse",
                "pageid": str(page_id),
                "prop": "text|wikitext|categories|revid",
                "disableeditsection": "1",
                "disabletoc": "1",
            }
        )
        parsed = self._within(answer, "parse")
        categories = tuple(entry["category"].replace("_", " ") for entry in parsed.get("categories", ()))
        return Body(parsed["text"], parsed.get("wikitext", ""), categories, int(parsed["revid"]))

    def files(self, titles: Iterable[str]) -> dict[str, File]:
        """Describe the wiki's own files, by the titles that are given; a moved one by its old title too.

        Files of a shared repository such as Wikimedia Commons are left out: their readers are not this wiki's.
        """
        wanted = sorted(set(titles))
        found: dict[str, File] = {}
        for start in range(0, len(wanted), _TITLES_AT_ONCE):
            part = wanted[start : start + _TITLES_AT_ONCE]
            parameters = {"action": "query", "titles": "|".join(part), "redirects": "1", "prop": "imageinfo"}
            answer = self._within(self._ask(parameters | {"iiprop": "timestamp|size|sha1|url"}), "query")
            named = {page["title"]: _file(page) for page in answer.get("pages", ())}
            moved = {one["from"]: one["to"] for key in ("normalized", "redirects") for one in answer.get(key, ())}
            for title in part:
                at = moved.get(title, title)
                file = named.get(moved.get(at, at))
                if file is not None:
                    found[title] = file
        return found

    def content(self, file: File, limit: int) -> bytes:
        """Fetch a file.

        Raises:
            RequestError: It cannot be had.
        """
        return self._client.file(urljoin(self._client.endpoint, file.url), limit)

    def last_edited(self, page_id: int) -> datetime | None:
        """Find when a page's text last changed: moving or protecting it makes a revision that edits nothing."""
        answer = self._ask(
            {
                "action": "query",
                "pageids": str(page_id),
                "prop": "revisions",
                "rvprop": "timestamp|sha1",
                "rvlimit": str(MAX_REVISIONS),
            }
        )
        pages = self._within(answer, "query").get("pages") or [{}]
        revisions = pages[0].get("revisions", [])
        if not revisions:
            return None
        edit = revisions[0]
        for older in revisions[1:]:
            if older.get("sha1") is None or older["sha1"] != revisions[0].get("sha1"):
                break
            edit = older
        return datetime.fromisoformat(edit["timestamp"])

    def _list(self, generator: Mapping[str, str]) -> Iterator[Page]:
        """Merge a listing's batches: the properties of one page may be spread over several of them."""
        merged: dict[int, dict[str, Any]] = {}
        continued: Mapping[str, str] = {}
        while True:
            answer = self._ask({"action": "query", **generator, **_LISTING, **continued})
            for page in answer.get("query", {}).get("pages", ()):
                if "pageid" not in page:
                    continue  # linked to from the listing, but there is no such page
                known = merged.setdefault(page["pageid"], {})
                lists = {name: [*known.get(name, ()), *page.get(name, ())] for name in ("categories", "images")}
                known |= {**page, **lists}
            following = answer.get("continue")
            if not following:
                break
            if following == continued:
                raise SourceError(f"wiki {self._client.endpoint!r} repeats itself while listing its pages; report it")
            # Whole: which of its entries belong together is the wiki's own affair.
            continued = following
        return (_page(merged[number]) for number in sorted(merged) if not merged[number].get("redirect"))

    def _ask(self, parameters: dict[str, str]) -> dict[str, Any]:
        return self._read(self._client.get(self._standing | parameters))

    def _read(self, reply: Reply) -> dict[str, Any]:
        endpoint = self._client.endpoint
        try:
            answer = json.loads(reply.content)
        except ValueError as error:
            kind = reply.headers.get("Content-Type", "no type")
            raise SourceError(
                f"{endpoint!r} answers with {kind} (HTTP {reply.status}) instead of JSON, so it is not a MediaWiki "
                "API; expected an address that ends in api.php"
            ) from error
        if not isinstance(answer, dict):
            raise SourceError(f"{endpoint!r} is not a MediaWiki API; expected an address that ends in api.php")
        if "error" in answer:
            raise self._refusal(answer["error"])
        if reply.status != HTTPStatus.OK:
            raise SourceError(f"wiki {endpoint!r} answers HTTP {reply.status}; check that it lets this machine in")
        return answer

    def _within(self, answer: dict[str, Any], *path: str) -> dict[str, Any]:
        """Descend into an answer; what is not built like MediaWiki's own is none of its."""
        for name in path:
            inner = answer.get(name)
            if not isinstance(inner, dict):
                raise SourceError(
                    f"{self._client.endpoint!r} answers JSON without {name!r}, so it is not a MediaWiki API of release "
                    "1.31 or newer; expected an address that ends in api.php"
                )
            answer = inner
        return answer

    def _refusal(self, error: Mapping[str, Any]) -> WikiRefusalError:
        code, info = str(error.get("code")), str(error.get("info")).rstrip(".")
        if code in DENIED:
            remedy = "set RUNCITE_MEDIAWIKI_HOST, _USER and _PASSWORD to a user that may read it"
        else:
            remedy = "check the parameters of the source"
        return WikiRefusalError(f"wiki {self._client.endpoint!r} refuses ({code}): {info}; {remedy}", code)


def _file(told: Mapping[str, Any]) -> File | None:
    info = (told.get("imageinfo") or [{}])[0]
    if told.get("imagerepository") != "local" or "pageid" not in told or not info.get("url"):
        return None
    title = told["title"].partition(":")[2]
    return File(
        told["pageid"],
        title,
        info["timestamp"],
        info["size"],
        info.get("sha1", ""),
        info["url"],
        info["descriptionurl"],
    )


def _page(told: Mapping[str, Any]) -> Page:
    latest = (told.get("revisions") or [{}])[0]
    return Page(
        page_id=told["pageid"],
        title=told["title"],
        model=told.get("contentmodel", "wikitext"),
        revision=int(told.get("lastrevid", 0)),
        timestamp=latest.get("timestamp", ""),
        touched=told.get("touched", ""),
        url=told.get("canonicalurl") or told.get("fullurl", ""),
        categories=tuple(sorted(entry["title"] for entry in told.get("categories", ()))),
        files=tuple(sorted({entry["title"] for entry in told.get("images", ())})),
        protection=tuple(sorted(f"{one.get('type')}={one.get('level')}" for one in told.get("protection", ()))),
    )
