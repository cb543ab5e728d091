"""A space of Confluence Data Center enters, its pages leave: one REST listing has all but the bodies."""

from collections.abc import Sequence
from dataclasses import replace
from http import HTTPStatus
from typing import Final

from ingest.errors import RequestError, SourceError
from ingest.sources.confluence_attachments import Attachment, read_attachments
from ingest.sources.confluence_client import ConfluenceClient, Json, Params
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
    read_time,
    truncated,
    version_number,
)
from ingest.sources.confluence_people import People
from ingest.sources.confluence_rights import RESTRICTIONS_EXPAND, RightsReader, settle

PAGES_AT_ONCE: Final = 200
_EXPAND = (
    f"version,childTypes.attachment,ancestors,metadata.labels,metadata.properties.{PROPERTY},{RESTRICTIONS_EXPAND}"
)


class DataCenterSite:
    """A `Site` of Confluence Data Center or Server.

    It knows no owners: who made or last saved a page need not answer for it.

    Args:
        client: Asks the site.
        space: The space's key.
        types: What to list.
    """

    def __init__(self, client: ConfluenceClient, space: str, types: Sequence[ContentType] = ("page",)) -> None:
        self._client = client
        self._space = space
        self._types = types
        self._rights = RightsReader(client)
        self.people = People(client, "key")

    def pages(self) -> list[Page]:
        """See `Site`."""
        try:
            self._client.get(f"/rest/api/space/{self._space}")
        except RequestError as error:
            if error.status != HTTPStatus.NOT_FOUND:
                raise
            raise SourceError(no_space(self._space, self._client.base)) from error
        kinds, entries = dict[str, ContentType](), dict[str, Json]()
        for kind in self._types:
            found = self._listed(kind)
            kinds |= dict.fromkeys(found, kind)
            entries |= found
        own = {page_id: self._rights.listed(page_id, entry) for page_id, entry in entries.items()}
        chains = {
            page_id: tuple(id_of(ancestor) for ancestor in entry.get("ancestors") or [])
            for page_id, entry in entries.items()
        }
        settled = settle(own, chains, self._rights)
        pages = [(self._page(entry, kinds[page_id]), settled[page_id]) for page_id, entry in entries.items()]
        return in_order([replace(page, rights=rights) for page, rights in pages])

    def body(self, page: Page) -> Body:
        """See `Site`."""
        path = f"/rest/api/content/{page.page_id}"
        return first_body(lambda wanted: self._client.get(path, {"expand": f"body.{wanted},version"}))

    def attachments(self, page: Page) -> list[Attachment]:
        """See `Site`."""
        path = f"/rest/api/content/{page.page_id}/child/attachment"
        return read_attachments(self._client.listing(path, {"expand": "version"}, PAGES_AT_ONCE), self._client.base)

    def _listed(self, kind: ContentType) -> dict[str, Json]:
        query: Params = {"spaceKey": self._space, "type": kind, "status": "current", "expand": _EXPAND}
        entries = {id_of(entry): entry for entry in self._client.listing("/rest/api/content", query, PAGES_AT_ONCE)}
        self._add_overlooked(entries, query)
        return entries

    def _add_overlooked(self, entries: dict[str, Json], query: Params) -> None:
        """List once more and add what the first listing has not.

        Parts are cut by position: a page that is deleted meanwhile moves the others up, one of them across a cut, and
        an article that nobody deleted would be removed.
        """
        cheap = {key: value for key, value in query.items() if key != "expand"}
        for entry in self._client.listing("/rest/api/content", cheap, PAGES_AT_ONCE):
            page_id = id_of(entry)
            if page_id not in entries:
                self._add(entries, page_id)

    def _add(self, entries: dict[str, Json], page_id: str) -> None:
        try:
            entries[page_id] = self._client.get(f"/rest/api/content/{page_id}", {"expand": _EXPAND})
        except RequestError as error:
            if error.status != HTTPStatus.NOT_FOUND:
                raise
            # Deleted since the second listing.

    def _page(self, entry: Json, kind: ContentType) -> Page:
        page_id = id_of(entry)
        path = nested(entry, "_links").get("webui")
        page = Page(
            page_id=page_id,
            title=str(entry.get("title", "")),
            status=str(entry.get("status", "")),
            version=version_number(entry),
            edited=read_time(nested(entry, "version").get("when")),
            url=f"{self._client.base}{path}" if path else None,
            properties=nested(entry, "metadata", "properties", PROPERTY, "value"),
            kind=kind,
            has_files=may_have_files(entry),
        )
        try:
            return replace(page, labels=self._labels(page_id, nested(entry, "metadata", "labels")))
        except RequestError as error:
            return replace(page, problem=str(error))

    def _labels(self, page_id: str, listing: Json) -> tuple[str, ...]:
        if isinstance(listing.get("results"), list) and not truncated(listing):
            return label_names(listing)
        entries = self._client.listing(f"/rest/api/content/{page_id}/label", {}, PAGES_AT_ONCE)
        return label_names({"results": list(entries)})
