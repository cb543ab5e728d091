"""The address of a MediaWiki enters; its pages leave as raw documents."""

import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from typing import Final

from ingest.errors import SourceError, WikiRefusalError
from ingest.models import EVERYONE, RawDocument, Rejected, Unchanged
from ingest.ports import IsCurrent, OnTotal, ignore_total, never_current
from ingest.sources.files import MAX_FILE_BYTES
from ingest.sources.mediawiki_api import DENIED, GONE, MediaWikiApi, Page
from ingest.sources.mediawiki_fields import TEMPLATE, page_fields
from ingest.sources.mediawiki_files import FilePlace, files_by_page, take_file
from ingest.sources.wiki_address import Credentials, WikiAddress, read_address
from ingest.sources.wiki_http import Transport, WikiClient

OPTIONS: Final = frozenset({"namespace", "category", "template", "audience", "attachments"})
RENDERING_VERSION = 1
"""Raise it when the same page would give another document: every page is then fetched again."""

# Only in the tag's own attribute: within the page's text the bracket before it would be escaped.
_HIGHLIGHT = re.compile(r'(<div class=")mw-highlight mw-highlight-lang-([\w+#-]+)')


class MediaWikiSource:
    """The pages of one or more namespaces, or of one category, by the wiki's own API.

    Ids are made of page numbers, so that a moved page stays the same article. Who may read is the same for the whole
    wiki: MediaWiki protects pages from edits only.

    Args:
        location: `mediawiki+https://HOST/PATH/api.php`, with `namespace`, `category`, `template`, `audience`, `site`.
        credentials: A bot password; none reads as anybody.
        transport: Stands in for the network in tests.

    Raises:
        SourceError: The location is malformed.
    """

    def __init__(
        self, location: str, credentials: Credentials | None = None, transport: Transport | None = None
    ) -> None:
        self._address = read_address(location, OPTIONS)
        self._credentials = credentials
        self._transport = transport
        wrong = [one for one in self._address.listed("namespace") if not one.isdecimal()]
        if wrong:
            raise SourceError(f"namespace {wrong[0]!r} is not a number; expected one such as 0, 4 or 0,3000")

    @property
    def key(self) -> str:
        """`mediawiki:`, the site and what of it is listed."""
        return self._address.key("mediawiki")

    def scan(
        self, is_current: IsCurrent = never_current, on_total: OnTotal = ignore_total, /
    ) -> Iterator[RawDocument | Unchanged | Rejected]:
        """List every page in the order of page numbers; only those that changed are fetched.

        Yields:
            Documents, what has not changed, and what was left out and why. A page that may no longer be read is not
            listed, so that it leaves the index.

        Raises:
            SourceError: The wiki cannot be reached, does not let us in, or breaks off.
        """
        with WikiClient(self._address.endpoint, self._transport) as client:
            api = MediaWikiApi(client)
            audience = self._audience(api)
            if self._credentials is not None:
                api.login(self._credentials)
            pages = self._list(api)
            on_total(len(pages))
            reader = _Reader(api, self._address, self.key, audience, pages)
            files = files_by_page(api, pages) if self._address.attachments else {}
            for page in pages:
                outcome = reader.take(page, is_current)
                if outcome is None:
                    continue
                yield outcome
                for file in files.get(page.page_id, ()):
                    yield take_file(api, file, reader.place(page), is_current)

    def _audience(self, api: MediaWikiApi) -> tuple[str, ...]:
        """Say who may read the wiki: asked before login, because what anybody may read everyone may."""
        stated = self._address.listed("audience")
        return stated or ((EVERYONE,) if api.may_read() else ())

    def _list(self, api: MediaWikiApi) -> list[Page]:
        namespaces = self._address.listed("namespace") or ("0",)
        category = self._address.options.get("category", "").strip()
        if not category:
            listed = [page for namespace in namespaces for page in api.pages(namespace)]
        elif api.category_exists(category):
            listed = list(api.members(category, namespaces))
        else:
            raise SourceError(
                f"wiki {self._address.endpoint!r} has no category {category!r}; expected its name as it stands at the "
                "foot of its pages, without 'Category:'"
            )
        return sorted({page.page_id: page for page in listed}.values(), key=lambda page: page.page_id)


class _Reader:
    """Turns listed pages into documents."""

    def __init__(
        self, api: MediaWikiApi, address: WikiAddress, key: str, audience: tuple[str, ...], pages: list[Page]
    ) -> None:
        self._api = api
        self._address = address
        self._key = key
        self._audience = audience
        self._articles: Mapping[str, str] = {page.title: self._article_id(page) for page in pages}
        self._template = address.options.get("template", "").strip() or TEMPLATE

    def take(self, page: Page, is_current: IsCurrent) -> RawDocument | Unchanged | Rejected | None:
        """Give one page; `None` if it is gone, or may not be read, since it was listed."""
        article_id = self._article_id(page)
        if page.model != "wikitext":
            reason = f"{page.title!r} holds {page.model!r}, expected 'wikitext'; leave its namespace out of the source"
            return Rejected(article_id, "skipped", reason, self._audience)
        etag = self._etag(page)
        if is_current(article_id, etag):
            return Unchanged(article_id)
        try:
            return self._fetch(page, article_id, etag)
        except WikiRefusalError as error:
            if error.code in GONE | DENIED:
                return None
            if error.code.startswith("assert"):
                raise
            return Rejected(article_id, "failed", str(error), self._audience)

    def place(self, page: Page) -> FilePlace:
        """Say where a page's files belong."""
        return FilePlace(self._key, f"mediawiki/{self._address.site}/files/", self._article_id(page))

    def _fetch(self, page: Page, article_id: str, etag: str) -> RawDocument | Rejected:
        body = self._api.body(page.page_id)
        content = _HIGHLIGHT.sub(r"\1language-\2 mw-highlight", body.html).encode()
        if len(content) > MAX_FILE_BYTES:
            reason = f"{page.title!r} is {len(content):,} bytes as HTML, the limit is {MAX_FILE_BYTES:,}; split it"
            return Rejected(article_id, "skipped", reason, self._audience)
        stated = page_fields(body.wikitext, body.categories, self._template, self._articles)
        return RawDocument(
            article_id=article_id,
            source=self._key,
            media_type="text/html",
            content=content,
            name=page.title,
            url=page.url or None,
            version=str(body.revision),
            last_modified=self._api.last_edited(page.page_id),
            fields={"title": page.title, **self._restricted(stated)},
            etag=etag,
        )

    def _restricted(self, stated: Mapping[str, object]) -> dict[str, object]:
        """Add who may read: what the page says of it holds where it allows less than the wiki does."""
        names = [name for name in stated if name.lower() == "audience"]
        if not names:
            return {**stated, "audience": list(self._audience)}
        if EVERYONE in self._audience:
            return dict(stated)
        said = {part.strip() for name in names for part in re.split("[,;\n]", str(stated[name]))}
        rest = {name: value for name, value in stated.items() if name not in names}
        return {**rest, "audience": [group for group in self._audience if group in said]}

    def _article_id(self, page: Page) -> str:
        return f"mediawiki/{self._address.site}/{page.page_id}"

    def _etag(self, page: Page) -> str:
        facts = json.dumps(
            [
                RENDERING_VERSION,
                page.revision,
                # An edit of a template or a file changes what the page shows, and no revision of the page.
                page.touched,
                page.title,
                page.categories,
                page.protection,
                self._audience,
                self._template,
            ]
        )
        return f"sha256:{hashlib.sha256(facts.encode()).hexdigest()}"
