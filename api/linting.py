"""A source or a home's catalog enters; all that is wrong with its articles leaves. Writes nothing."""

from collections.abc import Iterable

from api.reading import read
from api.schemas import LintFindingV1, LintV1
from index.catalog import Catalog
from index.lexicon import ArticleTerms, Lexicon
from index.pairs import Pair, find_pairs, page_of, pairs_in
from index.store.bm25 import TermEncoder
from ingest.errors import ParseError
from ingest.models import Article, Finding, RawDocument, Rejected
from ingest.ports import Source


def lint_source(source: Source) -> LintV1:
    """Check every article of a source, and which of them are alike, without indexing any.

    Args:
        source: The source.

    Returns:
        What was found. A document that cannot be read is a finding too.

    Raises:
        SourceError: It cannot be listed.
    """
    articles: dict[str, Article] = {}
    found: list[LintFindingV1] = []
    for item in source.scan():
        if isinstance(item, RawDocument):
            try:
                articles.setdefault(item.article_id, read(item))
            except ParseError as error:
                found.append(_unreadable(item.article_id, str(error)))
        elif isinstance(item, Rejected) and item.outcome == "failed":
            found.append(_unreadable(item.article_id, item.reason))
    for article in articles.values():
        found += [_of_article(article.article_id, one) for one in article.findings]
    lexicon = _lexicon(articles.values())
    found += _of_pairs(find_pairs(lexicon, lambda key: page_of(articles[key])))
    return LintV1(source=source.key, articles=len(articles), findings=tuple(found))


def lint_catalog(catalog: Catalog) -> LintV1:
    """Report what was found in the indexed articles, why each is quarantined, and which are alike.

    Args:
        catalog: The catalog of a home.

    Returns:
        What was found; what was released is left out.
    """
    articles = {article.article_id: article for article in catalog.articles()}
    found: list[LintFindingV1] = []
    for article_id, findings in catalog.findings().items():
        held = articles[article_id].quarantine if article_id in articles else ()
        said = {str(one) for one in findings}
        found += [
            LintFindingV1(article_id=article_id, code="quarantined", severity="quarantine", detail=reason)
            for reason in held
            if reason not in said
        ]
        found += [_of_article(article_id, one) for one in findings if one.severity == "warning" or str(one) in held]
    return LintV1(source=None, articles=len(articles), findings=(*found, *_of_pairs(pairs_in(catalog))))


def _lexicon(articles: Iterable[Article]) -> Lexicon:
    encoder = TermEncoder()
    terms = []
    for article in articles:
        head = "\n".join((article.title, *article.metadata.symptoms))
        own = encoder.terms(f"{head}\n{article.text}")
        terms.append(
            ArticleTerms(article.article_id, article.revision, own, encoder.terms(head), article.metadata.audience)
        )
    return Lexicon().changed(0, terms, ())


def _of_article(article_id: str, found: Finding) -> LintFindingV1:
    return LintFindingV1(
        article_id=article_id, code=found.code, severity=found.severity, detail=found.detail, line=found.line
    )


def _of_pairs(pairs: Iterable[Pair]) -> list[LintFindingV1]:
    return [
        LintFindingV1(
            article_id=pair.first,
            code=pair.kind,
            severity="warning",
            detail=pair.said_of(pair.first),
            other=pair.second,
        )
        for pair in pairs
    ]


def _unreadable(article_id: str, why: str) -> LintFindingV1:
    return LintFindingV1(article_id=article_id, code="unreadable", severity="failure", detail=why)
