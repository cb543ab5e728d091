"""The sample tickets enter, and are held against the decisions they got."""

import json
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from agent.models import Outcome, RefusalReason
from api.errors import ConfigurationError
from api.schemas import DecisionV1, RequesterIn, TicketIn

PLACES = (Path(__file__).parent.parent / "kb_samples", Path(__file__).parent / "kb_samples")
"""Where the samples are: beside the packages in a checkout, inside this one in a wheel."""


class SampleTicket(BaseModel):
    """One labelled sample ticket."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: str
    subject: str | None = None
    body: str
    channel: str = "api"
    requester: RequesterIn = RequesterIn()
    identity_verified: bool = False
    expected_article: str | None = None
    acceptable: tuple[str, ...] = ()
    expected_outcome: Outcome
    expected_refusal: RefusalReason | None = None
    note: str = ""

    def as_ticket(self) -> TicketIn:
        """Return the ticket alone, as a client would send it."""
        sent = self.model_dump(include={"id", "subject", "body", "channel", "requester", "identity_verified"})
        return TicketIn.model_validate(sent)

    def is_met_by(self, decision: DecisionV1) -> bool:
        """Tell whether a decision is the one expected: outcome, reason and article."""
        reason = decision.refusal.reason if decision.refusal else None
        if decision.outcome != self.expected_outcome or reason != self.expected_refusal:
            return False
        if self.expected_article is None:
            return True
        return article_of(decision) in {self.expected_article, *self.acceptable}


@dataclass(frozen=True, slots=True)
class Samples:
    """The sample knowledge base."""

    pages: Path
    as_of: date
    tickets: tuple[SampleTicket, ...]

    @property
    def past(self) -> Path:
        """The file of past tickets."""
        return self.pages / "past_tickets.jsonl"


def article_of(decision: DecisionV1) -> str | None:
    """Name the article that a decision rests on, or that came closest."""
    if decision.citations:
        return decision.citations[0].article_id
    return decision.refusal.best_article_id if decision.refusal else None


def load_samples() -> Samples:
    """Read the samples.

    Returns:
        Their pages, clock and tickets.

    Raises:
        ConfigurationError: They are missing or damaged.
    """
    folder = next((place for place in PLACES if place.is_dir()), None)
    if folder is None:
        raise ConfigurationError(f"the samples are missing; expected them in {str(PLACES[0])!r}: reinstall Runcite")
    try:
        meta = json.loads((folder / "meta.json").read_text(encoding="utf-8"))
        lines = (folder / "tickets.jsonl").read_text(encoding="utf-8").splitlines()
        tickets = tuple(SampleTicket.model_validate_json(line) for line in lines if line.strip())
        return Samples(folder, date.fromisoformat(meta["as_of"]), tickets)
    except (OSError, ValueError, KeyError, ValidationError) as error:
        raise ConfigurationError(f"the samples in {str(folder)!r} are damaged ({error}); reinstall Runcite") from error
