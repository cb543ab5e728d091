"""A space of a Confluence site enters; its pages and their files leave as raw documents, or as unchanged.

Every run lists all pages with versions, labels and restrictions, some hundred at a time and without bodies, and fetches
the bodies of those alone whose mark differs from the indexed one. A watermark ("what changed since the last run?")
would ask for less and miss what matters most: there is no modified-since filter in v2; CQL counts in minutes of the
account's time zone and lags behind; a page that was archived, deleted or hidden from the account is in no list of
changes; and a restriction, set on the page or on an ancestor, changes no version. It would also be state to lose.
"""

import logging
import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import chain
from typing import Final

from ingest.attachments import MAX_ATTACHMENT_BYTES, attachment_id, below, media_type_of, too_large
from ingest.errors import RequestError, SourceError
from ingest.models import RawDocument, Rejected, Unchanged
from ingest.parse.storage_users import mentioned_users, name_users
from ingest.ports import IsCurrent, OnTotal, ignore_total, never_current
from ingest.sources.ahead import in_order
from ingest.sources.confluence_attachments import Attachment
from ingest.sources.confluence_client import CONNECTIONS, ConfluenceClient, Credentials, NotAcceptedError, Sleep
from ingest.sources.confluence_cloud import CloudSite
from ingest.sources.confluence_dc import DataCenterSite
from ingest.sources.confluence_includes import Prepare, Shelf
from ingest.sources.confluence_location import Location
from ingest.sources.confluence_pages import Body, Page, digest
from ingest.sources.confluence_rights import OPEN, Rights
from ingest.sources.confluence_site import Site
from ingest.sources.files import MAX_FILE_BYTES

AHEAD: Final = 16
"""What is fetched before it is asked for: enough to keep the connections busy, few enough to be held in memory, as
pages are (files of the largest size would take 320 MB)."""

_log = logging.getLogger(__name__)
_Outcome = RawDocument | Unchanged | Rejected
_Files = list[Attachment | Rejected]


class ConfluenceSource:
    """The current pages of one space, those with one of its labels if it names any.

    Archived, trashed and draft pages are not listed, so they leave the index at the end of the run.

    Args:
        location: The space.
        credentials: How to sign in.
        prepare: Makes a body ready to be read, such as by putting included pages in; none where bodies stay as they
            are.
        sleep: Waits where the site asks for it; tests pass their own.
    """

    def __init__(
        self,
        location: Location,
        credentials: Credentials,
        *,
        prepare: Prepare | None = None,
        sleep: Sleep = time.sleep,
    ) -> None:
        self._location = location
        self._credentials = credentials
        self._prepare = prepare
        self._sleep = sleep

    @property
    def key(self) -> str:
        """`confluence+`, the site's address, the space, the labels, and the types where they are not pages alone."""
        return self._location.key

    def scan(
        self, is_current: IsCurrent = never_current, on_total: OnTotal = ignore_total, /
    ) -> Iterator[RawDocument | Unchanged | Rejected]:
        """List every current page, in the order of their ids.

        Yields:
            Documents, pages that the index holds already, and what could not be had and why.

        Raises:
            SourceError: The listing is incomplete, or the site stops to answer or to accept the credentials.
        """
        with ConfluenceClient(self._location.base, self._credentials, sleep=self._sleep) as client, _threads() as pool:
            site = self._site(client, pool)
            try:
                self._require_known_account(client)
                pages = self._for_audience(site.pages())
            except RequestError as error:
                raise SourceError(
                    f"the space {self._location.space!r} cannot be listed: {error}; nothing can be said to be gone"
                ) from error
            shelf = Shelf(pages, site, self._location.space)
            task = _Task(self._location, client, site, shelf, self._prepare)
            wanted = list(filter(task.wants, pages))
            on_total(len(wanted))
            yield from _in_order(pool, wanted, task, is_current)

    def _site(self, client: ConfluenceClient, pool: ThreadPoolExecutor) -> Site:
        if self._location.flavor == "cloud":
            return CloudSite(client, self._location.space, pool, self._location.types)
        return DataCenterSite(client, self._location.space, self._location.types)

    def _for_audience(self, pages: list[Page]) -> list[Page]:
        """Keep unrestricted pages to those who may view the space, if the source says who that is."""
        if not self._location.audience:
            return pages
        viewers = Rights(frozenset(self._location.audience))
        return [replace(page, rights=viewers) if page.rights == OPEN else page for page in pages]

    def _require_known_account(self, client: ConfluenceClient) -> None:
        """Make sure that credentials count: a site may answer a stale token as it answers anybody, with less."""
        if not self._credentials.given:
            return
        try:
            kind = client.get("/rest/api/user/current").get("type")
        except RequestError as error:
            # Not every token may ask who it is; its listing then has to speak for itself.
            _log.info("cannot tell whom the credentials belong to: %s", error)
            return
        if kind == "anonymous":
            raise SourceError(
                f"{self._location.base!r} takes the credentials for nobody's; expected an account, renew "
                "RUNCITE_CONFLUENCE_TOKEN"
            )


@dataclass(frozen=True, slots=True)
class _Task:
    """What is done for each page."""

    location: Location
    client: ConfluenceClient
    site: Site
    shelf: Shelf
    prepare: Prepare | None

    def begin(self, page: Page, is_current: IsCurrent) -> _Outcome | None:
        """Return the outcome of a page that need not be fetched, else `None`."""
        article_id = self.article_id(page)
        if page.problem:
            return Rejected(article_id, "failed", page.problem, page.rights.entries)
        if is_current(article_id, page.etag):
            return Unchanged(article_id)
        return None

    def wants(self, page: Page) -> bool:
        """Tell whether the page has one of the labels asked for; one whose labels cannot be told keeps its place."""
        return bool(page.problem) or not self.location.labels or bool({*self.location.labels} & {*page.labels})

    def fetch(self, page: Page) -> _Outcome:
        """Fetch a page and make a document of it."""
        article_id = self.article_id(page)
        try:
            body = self.site.body(page)
        except RequestError as error:
            return Rejected(article_id, "failed", f"{page.title!r} cannot be fetched: {error}", page.rights.entries)
        if body.version < page.version:
            # Kept under the newer version's mark, the old text would stay for good.
            reason = (
                f"the site lists version {page.version} and gives version {body.version}; the next run reads it again"
            )
            return Rejected(article_id, "failed", reason, page.rights.entries)
        text, included = self._ready(page, body)
        content = text.encode("utf-8", "replace")
        refusal = _refusal(content)
        if refusal:
            return Rejected(article_id, "skipped", refusal, page.rights.entries)
        return RawDocument(
            article_id=article_id,
            source=self.location.key,
            media_type=body.media_type,
            content=content,
            name=page.title,
            url=page.url,
            version=str(body.version),
            last_modified=page.edited,
            fields=page.fields(self._owner(page)),
            # No listing shows what a page includes. With another mark than its listing gives, it is fetched in every
            # run, and found unchanged if what it includes is.
            etag=digest(page.etag, *included) if included else page.etag,
        )

    def files(self, page: Page) -> tuple[Page, _Files]:
        """List a page's files that can be read."""
        try:
            return page, list(self.site.attachments(page))
        except (RequestError, NotAcceptedError) as error:
            reason = f"the attachments of {page.title!r} cannot be listed: {error}; those indexed before are kept"
            return page, [Rejected(below(self.article_id(page)), "failed", reason)]

    def begin_file(self, page: Page, file: Attachment, is_current: IsCurrent) -> _Outcome | None:
        """Return the outcome of a file that need not be fetched, else `None`."""
        article_id = self._file_id(page, file)
        if is_current(article_id, file.etag(page.page_id)):
            return Unchanged(article_id)
        refusal = too_large(file.name, file.size or 0)
        return Rejected(article_id, "skipped", refusal) if refusal else None

    def fetch_file(self, page: Page, file: Attachment) -> _Outcome:
        """Fetch a file and make a document of it. Who may read it is the page's to say."""
        article_id, media_type = self._file_id(page, file), media_type_of(file.name)
        try:
            content = self.client.download(file.link, MAX_ATTACHMENT_BYTES)
        except (RequestError, NotAcceptedError) as error:
            return Rejected(article_id, "failed", f"{file.name!r} cannot be fetched: {error}")
        if file.size is not None and len(content) != file.size:
            reason = f"{file.name!r} comes with {len(content):,} bytes, the site lists {file.size:,}; a login page?"
            return Rejected(article_id, "failed", reason)
        refusal = too_large(file.name, len(content)) or ("is empty" if not content.strip() else None)
        if refusal or media_type is None:
            return Rejected(article_id, "skipped", refusal or "is of no known kind")
        return RawDocument(
            article_id=article_id,
            source=self.location.key,
            media_type=media_type,
            content=content,
            name=file.name,
            url=file.url or page.url,
            version=str(file.version),
            last_modified=file.edited,
            etag=file.etag(page.page_id),
            attached_to=self.article_id(page),
        )

    def _file_id(self, page: Page, file: Attachment) -> str:
        return attachment_id(self.article_id(page), file.attachment_id)

    def _ready(self, page: Page, body: Body) -> tuple[str, tuple[str, ...]]:
        """Make a body ready to be read: included pages put in, mentions named."""
        if body.media_type != "application/x-confluence-storage":
            return body.text, ()
        text, included = body.text, tuple[str, ...]()
        if self.prepare is not None:
            text, included = self.shelf.prepare(self.prepare, page, text)
        names = {account: self.site.people.name(account) for account in sorted(mentioned_users(text))}
        return name_users(text, {account: name for account, name in names.items() if name}), included

    def _owner(self, page: Page) -> str | None:
        """Name the page's owner; by the account's id where the site does not tell the name."""
        return page.owner_id and (self.site.people.name(page.owner_id) or page.owner_id)

    def article_id(self, page: Page) -> str:
        """Name a page for good: it keeps its id wherever in the space it is moved, and whatever it is called."""
        return f"confluence/{self.location.space}/{page.page_id}"


def _in_order(
    pool: ThreadPoolExecutor, pages: list[Page], task: _Task, is_current: IsCurrent
) -> Iterator[RawDocument | Unchanged | Rejected]:
    """Fetch pages and their files at the same time and hand them over one after the other, files after their page."""
    listings = (_listing(pool, task, page) for page in pages)
    listed = in_order(listings, AHEAD)
    begun: Iterator[_Outcome | Future[_Outcome]] = chain.from_iterable(
        _begun(pool, task, page, files, is_current) for page, files in listed
    )
    outcomes: Iterator[_Outcome] = in_order(begun, AHEAD)
    for outcome in outcomes:
        settled = isinstance(outcome, RawDocument) and outcome.etag and is_current(outcome.article_id, outcome.etag)
        yield Unchanged(outcome.article_id) if settled else outcome


def _listing(pool: ThreadPoolExecutor, task: _Task, page: Page) -> tuple[Page, _Files] | Future[tuple[Page, _Files]]:
    return pool.submit(task.files, page) if task.location.attachments and page.has_files else (page, [])


def _begun(
    pool: ThreadPoolExecutor, task: _Task, page: Page, files: _Files, is_current: IsCurrent
) -> Iterator[_Outcome | Future[_Outcome]]:
    yield task.begin(page, is_current) or pool.submit(task.fetch, page)
    for file in files:
        if isinstance(file, Rejected):
            yield file
        else:
            yield task.begin_file(page, file, is_current) or pool.submit(task.fetch_file, page, file)


def _refusal(content: bytes) -> str | None:
    """Say why a body is not to be read, if so."""
    if not content.strip():
        return "is empty"
    if len(content) > MAX_FILE_BYTES:
        return f"is {len(content):,} bytes, the limit is {MAX_FILE_BYTES:,}; split it"
    return None


@contextmanager
def _threads() -> Iterator[ThreadPoolExecutor]:
    """Open a pool; what has not begun when the run ends early is not begun at all."""
    pool = ThreadPoolExecutor(CONNECTIONS, thread_name_prefix="confluence")
    try:
        yield pool
    finally:
        pool.shutdown(wait=True, cancel_futures=True)
