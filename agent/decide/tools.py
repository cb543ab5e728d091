"""A model's wish to look something up enters, what was found leaves as text. Every tool there is reads; none changes.

What a tool finds may change the model's mind, never what may be acted on: the gates have settled that before.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic_core import from_json

from agent.decide.conversation import ToolCall
from agent.decide.prompt import as_data, shortened
from agent.decide.selection import strict_schema
from agent.errors import LookupFailedError
from agent.models import Case
from agent.ports import CustomerDirectory, Library, LogArchive, Searcher, ServiceHealth
from index.errors import IndexingError
from index.models import Candidate

ToolName = Literal["search_kb", "get_article", "get_customer_profile", "get_service_health", "fetch_recent_logs"]

MAX_FOUND = 5
MAX_ARGUMENT_CHARS = 2_000
MAX_RESULT_CHARS = 4_000


class _Arguments(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


class _Query(_Arguments):
    query: str = Field(min_length=1, max_length=300, description="What to search the knowledge base for.")


class _ArticleId(_Arguments):
    article_id: str = Field(min_length=1, max_length=500, description="Id of an article that search_kb found.")


class _Service(_Arguments):
    service: str = Field(
        min_length=1, max_length=64, pattern=r"^[A-Za-z0-9][A-Za-z0-9 ._-]*$", description="Name of the service."
    )


class _Nothing(_Arguments):
    """No argument: a model may ask about the requester of its own ticket, and about nobody else."""


@dataclass(frozen=True, slots=True)
class Tool:
    """What a model is told of a tool, and what runs it."""

    name: ToolName
    description: str
    arguments: type[BaseModel]
    run: Callable[[Mapping[str, str]], str]

    def definition(self) -> dict[str, object]:
        """Write it as chat servers take it."""
        parameters = strict_schema(self.arguments)
        return {
            "type": "function",
            "function": {"name": self.name, "description": self.description, "parameters": parameters},
        }


@dataclass(frozen=True, slots=True)
class Lookups:
    """The systems that tools read from besides the knowledge base; the tool of one that is absent does not exist."""

    customers: CustomerDirectory | None = None
    health: ServiceHealth | None = None
    logs: LogArchive | None = None


class Toolbox:
    """The tools of one conversation, bound to its ticket's requester."""

    def __init__(self, case: Case, searcher: Searcher, library: Library, lookups: Lookups) -> None:
        """Lay the tools out.

        Args:
            case: Whose requester decides what may be read.
            searcher: Finds articles.
            library: Holds their texts.
            lookups: The other systems.
        """
        self._case = case
        self._searcher = searcher
        self._library = library
        self._known = dict(_published(case.retrieval.candidates))
        self._tools = {tool.name: tool for tool in self._registry(lookups)}

    @property
    def names(self) -> tuple[ToolName, ...]:
        """The tools there are."""
        return tuple(self._tools)

    def definitions(self) -> list[dict[str, object]]:
        """Write them as chat servers take them."""
        return [tool.definition() for tool in self._tools.values()]

    def run(self, call: ToolCall) -> str:
        """Run a tool.

        Args:
            call: What the model asks for, as it wrote it.

        Returns:
            What was found, or why nothing was; never more than `MAX_RESULT_CHARS` characters.
        """
        tool = next((tool for name, tool in self._tools.items() if name == call.name), None)
        if tool is None:
            return "there is no such tool"
        try:
            given = tool.arguments.model_validate(from_json((call.arguments or "{}")[:MAX_ARGUMENT_CHARS]))
        except (ValidationError, ValueError):
            return "the arguments are not what the tool takes"
        try:
            return shortened(tool.run(given.model_dump()), MAX_RESULT_CHARS)
        except (LookupFailedError, IndexingError):
            return "this cannot be looked up now"

    def _registry(self, lookups: Lookups) -> Iterable[Tool]:
        yield Tool("search_kb", "Search the knowledge base.", _Query, self._search)
        yield Tool("get_article", "Read an article that was found.", _ArticleId, self._article)
        email = self._case.ticket.requester.email
        if (customers := lookups.customers) is not None and email:
            about = "Read the profile of the customer who wrote the ticket."
            yield Tool("get_customer_profile", about, _Nothing, lambda _given: customers.profile(email))
        if (health := lookups.health) is not None:
            about = "Read how a service is doing."
            yield Tool("get_service_health", about, _Service, lambda given: health.health(given["service"]))
        if (logs := lookups.logs) is not None:
            about = "Read the last log lines of a service."
            yield Tool("fetch_recent_logs", about, _Service, lambda given: logs.recent(given["service"]))

    def _search(self, given: Mapping[str, str]) -> str:
        audience = self._case.ticket.requester.audience
        found = self._searcher.retrieve(given["query"], audience=audience, limit=MAX_FOUND).candidates
        articles = dict(_published(found))
        self._known.update(articles)
        titles = {candidate.article.article_id: candidate.article.title for candidate in found}
        return as_data([{"article_id": one, "title": titles[one]} for one in articles])

    def _article(self, given: Mapping[str, str]) -> str:
        # Only what this requester's searches have found: an id alone opens nothing.
        revision_id = self._known.get(given["article_id"])
        revision = self._library.revision(given["article_id"], revision_id) if revision_id else None
        if revision is None:
            return "no such article was found"
        return as_data({"title": revision.title, "text": shortened(revision.text, MAX_RESULT_CHARS // 2)})


def _published(candidates: Iterable[Candidate]) -> Iterable[tuple[str, str]]:
    for candidate in candidates:
        article = candidate.article
        if article.metadata.status == "published":
            yield article.article_id, article.revision
