"""The seam behind which the two kinds of Confluence differ: a space enters; its pages, bodies and files leave."""

from typing import Protocol

from ingest.sources.confluence_attachments import Attachment
from ingest.sources.confluence_pages import Body, Page
from ingest.sources.confluence_people import People


class Site(Protocol):
    """One space of a Confluence site, of either kind.

    Attributes:
        people: The site's accounts.
    """

    people: People

    def pages(self) -> list[Page]:
        """List the space's current pages (and blog posts, if asked for) by id, with labels and rights.

        Raises:
            RequestError: The listing is incomplete.
            SourceError: There is no such space, or the site cannot be used at all.
        """
        ...

    def body(self, page: Page) -> Body:
        """Fetch a page's content.

        Raises:
            RequestError: The site does not hand it over.
        """
        ...

    def attachments(self, page: Page) -> list[Attachment]:
        """List the files of a page that can be read as articles.

        Raises:
            RequestError: The site does not list them.
        """
        ...
