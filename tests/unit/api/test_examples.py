import json
from typing import Any

import pytest
from pydantic import BaseModel

from api.app import EXAMPLES, create_app
from api.problems import MEDIA_TYPE
from api.schemas import (
    ArticleV1,
    DecisionPageV1,
    DecisionRecordV1,
    DecisionV1,
    HealthV1,
    IngestRunIn,
    IngestRunV1,
    ProblemV1,
    RevisionV1,
    SearchV1,
    TicketIn,
)

REQUESTS: dict[str, type[BaseModel]] = {"triage": TicketIn, "startIngestRun": IngestRunIn}
ANSWERS: dict[str, type[BaseModel]] = {
    "triage": DecisionV1,
    "listDecisions": DecisionPageV1,
    "getDecision": DecisionRecordV1,
    "search": SearchV1,
    "getArticle": ArticleV1,
    "getRevision": RevisionV1,
    "startIngestRun": IngestRunV1,
    "getIngestRun": IngestRunV1,
    "isReady": HealthV1,
}


@pytest.fixture(scope="module")
def examples() -> dict[str, Any]:
    return json.loads(EXAMPLES.read_text(encoding="utf-8"))


def test_every_operation_has_an_example_that_fits_its_schema(examples):
    assert set(examples) == set(ANSWERS)
    for operation, given in examples.items():
        for request in given.get("request", {}).values():
            REQUESTS[operation].model_validate(request)
        for status, answers in given["responses"].items():
            kind = ProblemV1 if int(status) >= 400 else ANSWERS[operation]
            for answer in answers.values():
                read = kind.model_validate_json(json.dumps(answer))
                assert read.model_dump(mode="json", exclude_defaults=kind is ProblemV1) == answer, (
                    "the schema has changed; write the examples again: python -m api.examples"
                )


def test_the_examples_show_an_action_and_a_refusal_with_true_citations(examples):
    decisions = examples["triage"]["responses"]["200"]
    assert decisions["guided"]["action"] == "resolve"
    assert decisions["refused"]["refusal"]["reason"] == "stale"
    text = examples["getRevision"]["responses"]["200"]["as_cited"]["text"]
    for citation in decisions["guided"]["citations"]:
        assert text[citation["start"] : citation["end"]] == citation["quote"]


def test_openapi_carries_the_examples(runtime, examples):
    schema = create_app(runtime).openapi()
    operation = schema["paths"]["/v1/triage"]["post"]
    assert operation["requestBody"]["content"]["application/json"]["examples"]["guided"]["value"]
    assert set(operation["responses"]["200"]["content"]["application/json"]["examples"]) == {"guided", "refused"}
    assert operation["responses"]["422"]["content"][MEDIA_TYPE]["examples"]


def test_openapi_describes_problems_as_they_are_sent(runtime):
    schema = create_app(runtime).openapi()
    assert "HTTPValidationError" not in json.dumps(schema)
