"""The indexed articles of a source enter; what follows for one of them from another is published.

An attachment takes on what holds for its page, and "superseded by" a title or a path becomes the id of that article.
Both can change although the article itself does not, and name an article that the run meets later; so this is done
at the end of every run.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import PurePosixPath
from posixpath import normpath

from index.catalog import Catalog
from index.models import IndexedArticle
from index.publish import Publisher
from ingest.attachments import inherit, media_type_of
from ingest.models import ArticleMetadata

_NUMBER = re.compile(r"\Ahttps?://.*?/pages/(?:viewpage\.action\?pageId=)?(\d+)")
"""The number of a page in its address, as either kind of Confluence writes it."""


def relate(
    catalog: Catalog, publisher: Publisher, source: str, absent: Mapping[str, ArticleMetadata]
) -> dict[str, str]:
    """Publish what follows from other articles.

    Args:
        catalog: Holds the articles.
        publisher: Publishes what changes.
        source: Key of the source.
        absent: What holds for pages that were met and are no articles, such as empty ones.

    Returns:
        A warning by article id, where "superseded by" names no article.
    """
    if not catalog.has_relations(source):
        return {}
    articles = catalog.articles(source)
    known = catalog.metadata(source)
    stated = catalog.attachments(source)
    directory = _Directory(articles)
    warnings: dict[str, str] = {}
    settled: dict[str, ArticleMetadata] = {}
    for article in articles:
        own = stated.get(article.article_id, known[article.article_id])
        settled[article.article_id], warning = _resolved(catalog, directory, article, own)
        if warning:
            warnings[article.article_id] = warning
    changed: dict[str, tuple[IndexedArticle, ArticleMetadata]] = {}
    for article in articles:
        now = settled[article.article_id]
        if now.attached_to is not None:
            page = settled.get(now.attached_to) or absent.get(now.attached_to)
            # Of a page that this run did not reach nothing new is known.
            now = known[article.article_id] if page is None else inherit(now, page)
        if now != known[article.article_id]:
            changed[article.article_id] = (article, now)
    standings = catalog.standings() if changed else {}
    for article_id, (article, now) in changed.items():
        publisher.relate(article, now, standings[article_id].fingerprint)
    return warnings


def _resolved(
    catalog: Catalog, directory: "_Directory", article: IndexedArticle, own: ArticleMetadata
) -> tuple[ArticleMetadata, str]:
    said = own.superseded_by
    if said is None or said in directory.articles:
        return own, ""
    found = directory.find(said, article.article_id)
    if len(found) == 1:
        return replace(own, superseded_by=found[0]), ""
    if catalog.article(said) is not None:
        return own, ""
    what = f"is the title of {len(found)} articles" if found else "names no article of this source"
    warning = f"superseded by {said!r}, which {what}; it leads to no action all the same, name the article's id"
    return own, warning


class _Directory:
    """The articles of a source, by what a person may call them."""

    def __init__(self, articles: Iterable[IndexedArticle]) -> None:
        self.articles: Mapping[str, IndexedArticle] = {article.article_id: article for article in articles}
        self._by_title: dict[str, list[str]] = defaultdict(list)
        for article in self.articles.values():
            if article.metadata.attached_to is None:
                self._by_title[article.title.casefold()].append(article.article_id)

    def find(self, said: str, article_id: str) -> list[str]:
        """Find what an article is said to be superseded by.

        Args:
            said: A path, from its own folder or from the top; the address or the number of a page beside it; or a
                title, which may have the key of the article's own space before it.
            article_id: The article's own id.

        Returns:
            Article ids, the article itself left out: none, one, or all that have the title.
        """
        folder = PurePosixPath(article_id).parent
        path = PurePosixPath(said)
        number = _NUMBER.search(said)
        bare = str(path.with_suffix("")) if path.name and media_type_of(said) else said
        places = [str(folder / number[1])] if number else [normpath(folder / bare), normpath(bare.lstrip("/"))]
        found = [place for place in places if place in self.articles and place != article_id]
        if found:
            return found[:1]
        space, _, rest = said.partition(":")
        title = rest.strip() if rest and space == folder.name else said
        return [one for one in self._by_title.get(title.casefold(), ()) if one != article_id]
