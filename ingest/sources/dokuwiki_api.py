"""Questions about a DokuWiki's pages enter, what `xmlrpc.php` says of them leaves."""

from dataclasses import dataclass
from http import HTTPStatus

from ingest.errors import SourceError, WikiRefusalError
from ingest.sources.wiki_address import Credentials
from ingest.sources.wiki_http import WikiClient
from ingest.sources.xmlrpc import FaultError, NotXmlRpcError, Value, read_reply, write_call

DENIED = "denied"
READ_LEVEL = 1
HEAD_BYTES = 500
"""Where a reply says what it is."""

NOBODY = "runcite-acl-probe"
"""A user that no wiki has: with a group beside it, an access check answers for the group alone."""

PROBE = NOBODY
"""A page that no wiki has, either: what holds for it holds for its namespace."""

Argument = str | bool | list[str] | dict[str, int | bool]


@dataclass(frozen=True, slots=True)
class Page:
    """A page as the listing describes it: id, time of its latest change in Unix seconds, digest of its source."""

    page_id: str
    revision: int
    digest: str


@dataclass(frozen=True, slots=True)
class Media:
    """A media file as the listing describes it: id, time of its latest change in Unix seconds, size, digest."""

    media_id: str
    revision: int
    size: int
    digest: str


class DokuWikiApi:
    """Asks one wiki.

    Args:
        client: Speaks to its `xmlrpc.php`.
    """

    def __init__(self, client: WikiClient) -> None:
        self._client = client

    def login(self, credentials: Credentials) -> None:
        """Log in; the session is kept as a cookie, as HTTP authentication would fail silently.

        Raises:
            SourceError: User or password are wrong.
        """
        if self._call("dokuwiki.login", credentials.user, credentials.password) is not True:
            raise SourceError(
                f"wiki {self._client.endpoint!r} does not let {credentials.user!r} in; "
                "check RUNCITE_DOKUWIKI_USER and RUNCITE_DOKUWIKI_PASSWORD, and the wiki's setting 'remoteuser'"
            )

    def pages(self, namespace: str) -> list[Page]:
        """List the pages of a namespace and those below it that the present user may read, in the order of ids."""
        listed = self._call("dokuwiki.getPagelist", namespace, {"depth": 0, "hash": True})
        if not isinstance(listed, list):
            raise self._unexpected("dokuwiki.getPagelist", listed)
        return sorted((self._page(entry) for entry in listed), key=lambda page: page.page_id)

    def media(self, namespace: str) -> list[Media]:
        """List the media files of a namespace and those below it that the present user may read, by id."""
        listed = self._call("wiki.getAttachments", namespace, {"depth": 0, "hash": True})
        if not isinstance(listed, list):
            raise self._unexpected("wiki.getAttachments", listed)
        return sorted((self._media(entry) for entry in listed), key=lambda media: media.media_id)

    def content(self, media_id: str) -> bytes:
        """Fetch a media file."""
        content = self._call("wiki.getAttachment", media_id)
        if not isinstance(content, bytes):
            raise self._unexpected("wiki.getAttachment", content)
        return content

    def source(self, page_id: str) -> str:
        """Fetch a page as it was written; empty where there is none."""
        return self._text("wiki.getPage", page_id)

    def html(self, page_id: str) -> str:
        """Fetch a page as it is shown."""
        return self._text("wiki.getPageHTML", page_id)

    def anyone_reads(self, page_id: str) -> bool:
        """Tell whether somebody who is not logged in may read a page."""
        return self._level(page_id, "", []) >= READ_LEVEL

    def group_reads(self, page_id: str, group: str) -> bool:
        """Tell whether every member of a group may read a page."""
        return self._level(page_id, NOBODY, [group]) >= READ_LEVEL

    def _level(self, page_id: str, user: str, groups: list[str]) -> int:
        level = self._call("wiki.aclCheck", page_id, user, groups)
        if isinstance(level, bool) or not isinstance(level, int):
            raise self._unexpected("wiki.aclCheck", level)
        return level

    def _text(self, method: str, page_id: str) -> str:
        text = self._call(method, page_id)
        if not isinstance(text, str):
            raise self._unexpected(method, text)
        return text

    def _page(self, entry: Value) -> Page:
        if isinstance(entry, dict):
            page_id, revision, digest = entry.get("id"), entry.get("rev"), entry.get("hash", "")
            if isinstance(page_id, str) and isinstance(revision, int):
                return Page(page_id, revision, str(digest))
        raise self._unexpected("dokuwiki.getPagelist", entry)

    def _media(self, entry: Value) -> Media:
        if isinstance(entry, dict):
            media_id, revision, size = entry.get("id"), entry.get("mtime"), entry.get("size")
            if isinstance(media_id, str) and isinstance(revision, int) and isinstance(size, int):
                return Media(media_id, revision, size, str(entry.get("hash", "")))
        raise self._unexpected("wiki.getAttachments", entry)

    def _call(self, method: str, *arguments: Argument) -> Value:
        endpoint = self._client.endpoint
        reply = self._client.post_xml(write_call(method, *arguments))
        if reply.status in {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}:
            raise WikiRefusalError(
                f"wiki {endpoint!r} does not allow {method} (HTTP {reply.status}); set RUNCITE_DOKUWIKI_HOST, _USER "
                "and _PASSWORD to a user that may, and see the wiki's settings 'remote' and 'remoteuser'",
                DENIED,
            )
        try:
            return read_reply(reply.content)
        except FaultError as error:
            raise WikiRefusalError(
                f"wiki {endpoint!r} refuses {method}: {error}; see its settings 'remote' and 'remoteuser'",
                str(error.code),
            ) from error
        except NotXmlRpcError as error:
            if b"<methodResponse" in reply.content[:HEAD_BYTES]:
                raise WikiRefusalError(
                    f"wiki {endpoint!r} answers {method} with damaged XML: {error}; look at what it was asked for",
                    "damaged",
                ) from error
            kind = reply.headers.get("Content-Type", "no type")
            raise SourceError(
                f"{endpoint!r} answers {method} with {kind} (HTTP {reply.status}) that is no XML-RPC: {error}; "
                "expected the address of a DokuWiki's lib/exe/xmlrpc.php"
            ) from error

    def _unexpected(self, method: str, value: Value) -> WikiRefusalError:
        # The release of 2022 on PHP 8.2 answers with an empty struct where it means a fault.
        what = "an error without words" if value == {} else f"{type(value).__name__}"
        return WikiRefusalError(
            f"wiki {self._client.endpoint!r} answers {method} with {what}; check that its release knows the call, and "
            "its log",
            "unexpected",
        )
