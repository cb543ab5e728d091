"""An article and what it was read from enter; the article with all that is found wrong with it leaves."""

from dataclasses import replace

from ingest.lint.completeness import check_completeness
from ingest.lint.instructions import check_instructions
from ingest.lint.invisible import check_invisible
from ingest.lint.original import Original
from ingest.lint.secrets import check_secrets
from ingest.models import Article

LINT_VERSION = 1
"""Raise it when the same article would give other findings: everything is then checked again."""

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
    return replace(article, findings=tuple(found for check in CHECKS for found in check(original)))
