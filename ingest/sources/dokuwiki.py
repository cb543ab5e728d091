"""The address of a DokuWiki enters; its pages leave as raw documents."""

import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Final
from urllib.parse import quote

from ingest.errors import SourceError, WikiRefusalError
from ingest.models import EVERYONE, RawDocument, Rejected, Unchanged
from ingest.ports import IsCurrent, OnTotal, ignore_total, never_current
from ingest.sources.dokuwiki_api import DENIED, PROBE, DokuWikiApi, Media, Page
from ingest.sources.dokuwiki_fields import has_table, read_fields, without_table
from ingest.sources.dokuwiki_files import FilePlace, Files, take_file
from ingest.sources.files import MAX_FILE_BYTES
from ingest.sources.wiki_address import Credentials, read_address
from ingest.sources.wiki_http import Transport, WikiClient

OPTIONS: Final = frozenset({"namespace", "groups", "audience", "attachments"})
RENDERING_VERSION = 1
"""Raise it when the same page would give another document: every page is then fetched again."""

_API_PATH = "/lib/exe/xmlrpc.php"
# Only in the tag's own attribute: within the code itself the bracket before it would be escaped.
_HIGHLIGHT = re.compile(r'(<pre class=")code (?:file )?([\w+#-]+)"')


class DokuWikiSource:
    """The pages of a namespace and of those below it, by the wiki's XML-RPC.

    DokuWiki names a page by its path alone: a page that is moved is a new article, and the old one vanishes.

    Args:
        location: `dokuwiki+https://HOST/PATH/lib/exe/xmlrpc.php`, with `namespace`, `groups`, `audience`, `site`.
        credentials: Who reads the wiki; none reads as anybody.
        transport: Stands in for the network in tests.

    Raises:
        SourceError: The location is malformed.
    """

    def __init__(
        self, location: str, credentials: Credentials | None = None, transport: Transport | None = None
    ) -> None:
        self._address = read_address(location, OPTIONS)
        self._namespace = self._address.options.get("namespace", "").strip().strip(":").lower()
        self._credentials = credentials
        self._transport = transport

    @property
    def key(self) -> str:
        """`dokuwiki:`, the site and what of it is listed."""
        return self._address.key("dokuwiki")

    def scan(
        self, is_current: IsCurrent = never_current, on_total: OnTotal = ignore_total, /
    ) -> Iterator[RawDocument | Unchanged | Rejected]:
        """List every page in the order of ids; only those that changed are fetched.

        Yields:
            Documents, what has not changed, and what was left out and why. A page that may no longer be read is not
            listed, so that it leaves the index.

        Raises:
            SourceError: The wiki cannot be reached, does not let us in, breaks off, or lists nothing.
        """
        with WikiClient(self._address.endpoint, self._transport) as client:
            api = DokuWikiApi(client)
            if self._credentials is not None:
                api.login(self._credentials)
            pages = api.pages(self._namespace)
            if not pages:
                raise SourceError(self._nothing())
            on_total(len(pages))
            articles = {page.page_id: self._article_id(page) for page in pages}
            files = Files(api, self._namespace) if self._address.attachments else None
            for page in pages:
                outcome = self._take(api, page, is_current, articles)
                if outcome is None:
                    continue
                yield outcome
                for media in files.of(page.page_id) if files else ():
                    yield self._file(api, media, articles[page.page_id], is_current)
            if files and files.problem:
                yield Rejected(f"dokuwiki/{self._address.site}/media/", "failed", files.problem)

    def _nothing(self) -> str:
        who = repr(self._credentials.user) if self._credentials else "a reader who is not logged in"
        where = f"namespace {self._namespace!r}" if self._namespace else "any namespace"
        return (
            f"wiki {self._address.endpoint!r} lists no page in {where} that {who} may read; check the name of the "
            "namespace and the wiki's access rules, or set RUNCITE_DOKUWIKI_HOST, _USER and _PASSWORD"
        )

    def _take(
        self, api: DokuWikiApi, page: Page, is_current: IsCurrent, articles: Mapping[str, str]
    ) -> RawDocument | Unchanged | Rejected | None:
        article_id = self._article_id(page)
        audience = self._audience(api, page.page_id)
        etag = _etag(page, audience)
        if is_current(article_id, etag):
            return Unchanged(article_id)
        try:
            written = api.source(page.page_id)
            html = api.html(page.page_id) if written.strip() else ""
        except WikiRefusalError as error:
            return None if error.code == DENIED else Rejected(article_id, "failed", str(error), audience)
        if not written.strip():
            # Deleted since it was listed: to DokuWiki an empty page is none.
            return None
        fields = read_fields(written, articles)
        content = _HIGHLIGHT.sub(r'\1language-\2"', without_table(html) if has_table(written) else html).encode()
        if len(content) > MAX_FILE_BYTES:
            reason = f"{page.page_id!r} is {len(content):,} bytes as HTML, the limit is {MAX_FILE_BYTES:,}; split it"
            return Rejected(article_id, "skipped", reason, audience)
        return RawDocument(
            article_id=article_id,
            source=self.key,
            media_type="text/html",
            content=content,
            name=page.page_id.replace(":", "/"),
            url=self._page_url(page.page_id),
            version=str(page.revision),
            last_modified=datetime.fromtimestamp(page.revision, UTC),
            fields={**fields, "audience": list(_allowed(fields.get("audience"), audience))},
            etag=etag,
        )

    def _file(
        self, api: DokuWikiApi, media: Media, page: str, is_current: IsCurrent
    ) -> RawDocument | Unchanged | Rejected:
        # Access rules hold for all media of a namespace; those of the page are joined with them at the index.
        namespace = media.media_id.rpartition(":")[0]
        audience = self._audience(api, f"{namespace}:{PROBE}".lstrip(":"))
        base = self._address.endpoint.removesuffix(_API_PATH)
        place = FilePlace(
            source=self.key,
            article_id=f"dokuwiki/{self._address.site}/media/{media.media_id}",
            page=page,
            url=f"{base}/lib/exe/fetch.php?media={quote(media.media_id, safe=':')}",
            audience=audience,
        )
        return take_file(api, media, place, is_current)

    def _audience(self, api: DokuWikiApi, page_id: str) -> tuple[str, ...]:
        """Ask the wiki who may read a page; nobody where it does not tell, which the run reports."""
        stated = self._address.listed("audience")
        try:
            if api.anyone_reads(page_id):
                return stated or (EVERYONE,)
            if stated:
                return stated
            return tuple(group for group in self._address.listed("groups") if api.group_reads(page_id, group))
        except WikiRefusalError:
            return ()

    def _article_id(self, page: Page) -> str:
        return f"dokuwiki/{self._address.site}/{page.page_id}"

    def _page_url(self, page_id: str) -> str:
        base = self._address.endpoint.removesuffix(_API_PATH)
        return f"{base}/doku.php?id={quote(page_id, safe=':')}"


def _allowed(said: object, audience: tuple[str, ...]) -> tuple[str, ...]:
    """Join what a page says of its readers with what the wiki's rules say: both must let a reader in."""
    if said is None:
        return audience
    groups = tuple(part.strip() for part in re.split("[,;]", str(said)) if part.strip())
    return groups if EVERYONE in audience else tuple(group for group in audience if group in groups)


def _etag(page: Page, audience: tuple[str, ...]) -> str:
    facts = json.dumps([RENDERING_VERSION, page.digest, page.revision, audience])
    return f"sha256:{hashlib.sha256(facts.encode()).hexdigest()}"
