"""`POST /v1/triage`: a ticket enters, one cited decision leaves."""

from fastapi import APIRouter

from api.convert import to_ticket
from api.routes.dependencies import RuntimeDep
from api.schemas import DecisionV1, TicketIn

router = APIRouter(prefix="/v1", tags=["triage"])


@router.post("/triage", operation_id="triage")
def triage(ticket: TicketIn, runtime: RuntimeDep) -> DecisionV1:
    """Decide one ticket. Handing it over to a person is a decision too, and answers 200."""
    return runtime.triage(to_ticket(ticket))
