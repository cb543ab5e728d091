"""An article and what it was read from enter; the article with all that is found wrong with it leaves."""

from dataclasses import replace
from itertools import chain, islice

from ingest.lint.completeness import check_completeness
from ingest.lint.instructions import check_instructions
from ingest.lint.invisible import check_invisible
from ingest.lint.original import Original
from ingest.lint.secrets import check_secrets
from ingest.models import Article

LINT_VERSION = 1
"""Raise it when the same article would give other findings: everything is then checked again."""

MAX_FINDINGS = 20
"""Of each check; who has so much to mend need not be told of more, and a page may be made of nothing else."""

CHECKS = (check_instructions, check_invisible, check_secrets, check_completeness)


def checked(article: Article, source: str, *, has_lines: bool) -> Article:
    """Check an article.

    Args:
        article: The article.
        source: What it was made from, decoded.
        has_lines: Whether that has the lines its author sees.

    Returns:
        The article with its findings, the grave ones first.
    """
    original = Original(article, source, has_lines)
    found = (islice(check(original), MAX_FINDINGS) for check in CHECKS)
    return replace(article, findings=tuple(chain.from_iterable(found)))
