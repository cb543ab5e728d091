"""The catalog of a home enters, articles with their freshness leave. Needs neither the store nor a model."""

from collections import Counter
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path

from agent.ledger import Ledger
from api.convert import to_article, to_article_line, to_revision
from api.errors import NotFoundError, UsageError, WithheldError
from api.history import RunHistory
from api.linting import lint_catalog
from api.schemas import ArticleLineV1, ArticleV1, LintV1, RevisionV1, StatusV1
from index.catalog import Catalog
from index.quarantine import STATED, Verdict
from index.runs import RunQuery
from ingest.freshness import FreshnessState, FreshnessWindows
from ingest.models import EVERYONE

LAST_RUNS = 5

_MOST_URGENT_FIRST: tuple[FreshnessState, ...] = ("expired", "stale", "superseded", "unknown", "due", "fresh")


def today() -> date:
    """Tell the day freshness is judged on where nobody says: today, in UTC."""
    return datetime.now(UTC).date()


class Shelf:
    """The articles of one home, read from its catalog."""

    def __init__(self, catalog: Catalog, ledger: Ledger, home: Path, windows: Callable[[], FreshnessWindows]) -> None:
        self._catalog = catalog
        self._ledger = ledger
        self._home = home
        self._windows = windows

    @property
    def history(self) -> RunHistory:
        """The runs that brought the articles."""
        return RunHistory(self._catalog.run_log, self._home)

    def articles(self, as_of: date | None = None) -> list[ArticleLineV1]:
        """List the articles, most urgent first.

        Args:
            as_of: The day freshness is judged on; today where it is left out.
        """
        day = as_of or today()
        lines = [to_article_line(article, self._windows(), day) for article in self._catalog.articles()]
        return sorted(lines, key=_urgency)

    def article(self, article_id: str, audience: frozenset[str]) -> ArticleV1:
        """Read one article at its live revision.

        Args:
            article_id: Its id.
            audience: Groups and names of the reader.

        Raises:
            NotFoundError: There is none that this reader may see.
            WithheldError: It is quarantined.
        """
        article = self._catalog.article(article_id)
        if article is None or not _may_read(audience, article.metadata.audience):
            raise _no_such(article_id)
        if article.quarantine:
            raise WithheldError(
                f"article {article_id!r} is quarantined: {'; '.join(article.quarantine)}. Expected one that may be "
                "found; mend it at its source, or look at it there and run `runcite release`"
            )
        revision = self._catalog.revision(article_id, article.revision)
        if revision is None:
            raise _no_such(article_id)
        return to_article(to_article_line(article, self._windows(), today()), revision.text)

    def may_read(self, article_id: str, audience: frozenset[str]) -> bool:
        """Tell whether a reader may read an article; one that has been removed, whether they might have."""
        readers = self._catalog.audience_of(article_id)
        return readers is not None and _may_read(audience, readers)

    def revision(self, article_id: str, revision: str, audience: frozenset[str]) -> RevisionV1:
        """Read an article as it was at one revision, even where it has been removed since: it may have been cited.

        Args:
            article_id: Its id.
            revision: `sha256:…`, as a citation gives it.
            audience: Groups and names of the reader. They must be among the article's readers now, or when it was
                removed, and among those of the revision.

        Raises:
            NotFoundError: There is none that this reader may see.
            WithheldError: It is quarantined, or was when another took its place.
        """
        readers = self._catalog.audience_of(article_id)
        if readers is None or not _may_read(audience, readers):
            raise _no_such(article_id)
        found = self._catalog.revision(article_id, revision)
        if found is None or not _may_read(audience, found.audience):
            raise NotFoundError(
                f"article {article_id!r} has no revision {revision!r}; expected one that a citation names"
            )
        if found.quarantined:
            raise WithheldError(f"revision {revision!r} of article {article_id!r} is quarantined; expected another one")
        live = self._catalog.article(article_id)
        return to_revision(found, live=live is not None and live.revision == revision)

    def release(self, article_id: str, reason: str) -> ArticleLineV1:
        """Let a quarantined article be found, as it is now: another revision, or another finding, holds it anew.

        Args:
            article_id: Its id.
            reason: Why, for the record.

        Returns:
            The article as it stands now.

        Raises:
            NotFoundError: There is none.
            UsageError: It is not quarantined, or only its source can release it.
        """
        article = self._catalog.article(article_id)
        if article is None:
            raise _not_indexed(article_id)
        if not article.quarantine:
            raise UsageError(f"article {article_id!r} is not quarantined, expected one that is; there is nothing to do")
        if STATED in article.quarantine:
            raise UsageError(
                f"article {article_id!r} cannot be released here: {STATED}; change its status there and run "
                "`runcite ingest` again"
            )
        self._rule(article_id, "release", reason)
        return self._line(article_id)

    def quarantine(self, article_id: str, reason: str) -> ArticleLineV1:
        """Keep an article from being found, at once and whatever becomes of it, until it is released.

        Args:
            article_id: Its id.
            reason: Why, for the record.

        Returns:
            The article as it stands now.

        Raises:
            NotFoundError: There is none.
        """
        if self._rule(article_id, "quarantine", reason) is None:
            raise _not_indexed(article_id)
        return self._line(article_id)

    def _rule(self, article_id: str, verdict: Verdict, reason: str) -> tuple[str, ...] | None:
        """Rule on an article, and tell the audit log of it in the same transaction."""
        held = self._catalog.rule(article_id, verdict, reason, self._ledger.noting(verdict, article_id, reason))
        self._ledger.advance_anchor()
        return held

    def _line(self, article_id: str) -> ArticleLineV1:
        article = self._catalog.article(article_id)
        if article is None:
            raise _not_indexed(article_id)
        return to_article_line(article, self._windows(), today())

    def lint(self) -> LintV1:
        """Report what the checks found in the articles, and which are alike."""
        return lint_catalog(self._catalog)

    def status(self, server: str | None = None) -> StatusV1:
        """Sum up what the home holds.

        Args:
            server: Address of the server that holds the home, if one does.
        """
        lines = self.articles()
        spec = self._catalog.embedding()
        by_state = Counter(line.freshness.state for line in lines)
        return StatusV1(
            home=str(self._home.absolute()),
            model=f"{spec.model} ({spec.dimension} dimensions)" if spec else None,
            server=server,
            articles=len(lines),
            by_state={state: by_state[state] for state in reversed(_MOST_URGENT_FIRST) if by_state[state]},
            by_status=dict(Counter(line.status for line in lines)),
            runs=self.history.page(RunQuery(limit=LAST_RUNS)).runs,
        )

    def is_empty(self) -> bool:
        """Tell whether the home holds no article at all."""
        return not self._catalog.standings()


def _may_read(groups: frozenset[str], readers: tuple[str, ...]) -> bool:
    return not (groups | {EVERYONE}).isdisjoint(readers)


def _no_such(article_id: str) -> NotFoundError:
    return NotFoundError(
        f"no article {article_id!r}; expected an id as `runcite articles` lists it, of an article that you may read"
    )


def _not_indexed(article_id: str) -> NotFoundError:
    return NotFoundError(f"no article {article_id!r}; expected an id as `runcite articles` lists it")


def _urgency(line: ArticleLineV1) -> tuple[int, int, str]:
    return _MOST_URGENT_FIRST.index(line.freshness.state), -(line.freshness.overdue_days or 0), line.article_id
