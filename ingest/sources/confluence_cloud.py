"""A space of Confluence Cloud enters, its pages leave: REST v2 for pages, v1 for rights, which v2 does not know."""

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import replace
from http import HTTPStatus
from typing import Final

from ingest.errors import RequestError, SourceError
from ingest.sources.confluence_attachments import Attachment, read_attachments
from ingest.sources.confluence_client import ConfluenceClient, Json
from ingest.sources.confluence_pages import (
    PROPERTY,
    Body,
    ContentType,
    Page,
    first_body,
    id_of,
    in_order,
    label_names,
    may_have_files,
    nested,
    no_space,
    quoted,
    read_time,
    truncated,
    version_number,
)
from ingest.sources.confluence_people import People
from ingest.sources.confluence_rights import RESTRICTIONS_EXPAND, Rights, RightsReader, settle, unknown

PAGES_AT_ONCE: Final = 250
"""The most that v2 gives."""

HITS_AT_ONCE: Final = 200
_DETAILS = f"childTypes.attachment,metadata.labels,metadata.properties.{PROPERTY},{RESTRICTIONS_EXPAND}"
_GONE = "is listed and yet not found; it may just have been removed, the next run will tell"


class CloudSite:
    """A `Site` of Confluence Cloud.

    v2 lists the pages, with versions and parents; a search by v1 gives labels and restrictions of some hundred pages at
    once. The search index lags behind, so a page that it does not know yet is asked for by itself, and what it knows
    beyond v2's listing is gone already.

    Args:
        client: Asks the site.
        space: The space's key.
        pool: Runs requests at the same time.
        types: What to list.
    """

    def __init__(
        self, client: ConfluenceClient, space: str, pool: Executor, types: Sequence[ContentType] = ("page",)
    ) -> None:
        self._client = client
        self._space = space
        self._types = types
        self._pool = pool
        self._rights = RightsReader(client)
        self.people = People(client, "accountId")
        self._shown_base = client.base

    def pages(self) -> list[Page]:
        """See `Site`."""
        kinds, listed = dict[str, ContentType](), dict[str, Json]()
        for kind, entry in self._listing():
            kinds[id_of(entry)], listed[id_of(entry)] = kind, entry
        details = self._details()
        own: dict[str, Rights] = {}
        pages: list[Page] = []
        entries = [(kinds[page_id], entry, details.get(page_id)) for page_id, entry in listed.items()]
        for page, rights in self._pool.map(lambda told: self._page(*told), entries):
            own[page.page_id] = rights
            pages.append(page)
        chains, broken = self._chains(listed)
        settled = settle(own | broken, chains, self._rights)
        return in_order([replace(page, rights=settled[page.page_id]) for page in pages])

    def body(self, page: Page) -> Body:
        """See `Site`."""
        path = f"/api/v2/{page.kind}s/{page.page_id}"
        return first_body(lambda wanted: self._client.get(path, {"body-format": wanted}))

    def attachments(self, page: Page) -> list[Attachment]:
        """See `Site`."""
        entries = self._client.listing(
            f"/api/v2/{page.kind}s/{page.page_id}/attachments", {"status": "current"}, PAGES_AT_ONCE
        )
        files = f"/rest/api/content/{page.page_id}/child/attachment"
        # The link of the listing answers API tokens with 401 since Atlassian's CHANGE-2735. This one takes them, and
        # OAuth, and redirects to the media host: https://github.com/pchuri/confluence-cli/pull/199
        return [
            replace(found, link=f"{files}/{found.attachment_id}/download")
            for found in read_attachments(entries, self._shown_base)
        ]

    def _listing(self) -> Iterator[tuple[ContentType, Json]]:
        answer = self._client.get("/api/v2/spaces", {"keys": self._space})
        spaces = answer.get("results") or []
        # Behind the gateway that OAuth needs, people's address is another than ours.
        self._shown_base = str(nested(answer, "_links").get("base") or self._client.base)
        if not spaces:
            raise SourceError(no_space(self._space, self._client.base))
        for kind in self._types:
            path = f"/api/v2/spaces/{spaces[0]['id']}/{kind}s"
            for entry in self._client.listing(path, {"status": "current"}, PAGES_AT_ONCE):
                yield kind, entry

    def _details(self) -> dict[str, Json]:
        types = f"type={self._types[0]}" if len(self._types) == 1 else f"type in ({','.join(self._types)})"
        cql = f"space={quoted(self._space)} and {types}"
        hits = self._client.listing("/rest/api/content/search", {"cql": cql, "expand": _DETAILS}, HITS_AT_ONCE)
        return {id_of(hit): hit for hit in hits}

    def _page(self, kind: ContentType, entry: Json, hit: Json | None) -> tuple[Page, Rights]:
        page_id = id_of(entry)
        page = Page(
            page_id=page_id,
            title=str(entry.get("title", "")),
            status=str(entry.get("status", "")),
            version=version_number(entry),
            edited=read_time(nested(entry, "version").get("createdAt")),
            url=self._url(entry),
            owner_id=entry.get("ownerId") or entry.get("lastOwnerId"),
            kind=kind,
            has_files=may_have_files(hit or {}),
        )
        # Never fails: rights that cannot be told are nobody's.
        rights = self._rights.of(page_id) if hit is None else self._rights.listed(page_id, hit)
        try:
            return self._described(page, hit), rights
        except RequestError as error:
            problem = _GONE if error.status == HTTPStatus.NOT_FOUND else str(error)
            return replace(page, problem=problem), rights

    def _described(self, page: Page, hit: Json | None) -> Page:
        """Add labels and properties to a page, from the search where it knows them."""
        if hit is None:
            return replace(page, labels=self._labels(page), properties=self._properties(page))
        listing = nested(hit, "metadata", "labels")
        whole = isinstance(listing.get("results"), list) and not truncated(listing)
        labels = label_names(listing) if whole else self._labels(page)
        return replace(page, labels=labels, properties=nested(hit, "metadata", "properties", PROPERTY, "value"))

    def _labels(self, page: Page) -> tuple[str, ...]:
        entries = self._client.listing(f"/api/v2/{page.kind}s/{page.page_id}/labels", {}, PAGES_AT_ONCE)
        return label_names({"results": list(entries)})

    def _properties(self, page: Page) -> Mapping[str, object]:
        answer = self._client.get(f"/api/v2/{page.kind}s/{page.page_id}/properties", {"key": PROPERTY})
        return next((nested(found, "value") for found in answer.get("results", [])), {})

    def _url(self, entry: Json) -> str | None:
        path = nested(entry, "_links").get("webui")
        return f"{self._shown_base}{path}" if path else None

    def _chains(self, listed: Mapping[str, Json]) -> tuple[dict[str, tuple[str, ...]], dict[str, Rights]]:
        """Work out every page's ancestors from the parents that the listing names.

        Returns:
            The ancestors of each page, and the rights of the pages whose ancestors cannot be told: unknown.
        """
        chains: dict[str, tuple[str, ...]] = {}
        above: dict[str, tuple[str, ...]] = {}
        broken: dict[str, Rights] = {}
        for page_id in listed:
            chain: list[str] = []
            here = page_id
            while (parent := listed[here].get("parentId")) and parent not in chain:
                chain.append(str(parent))
                if str(parent) not in listed:
                    chain += self._above(here, str(parent), above, broken)
                    break
                here = str(parent)
            chains[page_id] = tuple(chain)
        return chains, broken

    def _above(
        self, page_id: str, parent: str, known: dict[str, tuple[str, ...]], broken: dict[str, Rights]
    ) -> tuple[str, ...]:
        """Return what lies above a parent that is no listed page: a folder, or a page hidden from these credentials."""
        if parent not in known:
            try:
                entries = self._client.listing(f"/api/v2/pages/{page_id}/ancestors", {}, PAGES_AT_ONCE)
                known[parent] = tuple(id_of(entry) for entry in entries if id_of(entry) != parent)
            except RequestError as error:
                known[parent] = ()
                broken[parent] = unknown("ancestors", page_id, error)
        return known[parent]
