"""The samples enter, the OpenAPI examples of a real run leave: `python -m api.examples` writes `api/examples.json`."""

import json
import tempfile
import time
from pathlib import Path
from typing import Any

from starlette.testclient import TestClient

from api.app import EXAMPLES, create_app
from api.bootstrap import open_runtime
from api.samples import Samples, load_samples
from api.settings import Settings, prepare_environment

PUBLIC_ROOT = "/srv/runbooks"
"""What stands for the folder of the samples, wherever this ran."""

GUIDED = {
    "id": "INC-1056",
    "subject": "VPN is driving me mad",
    "body": "It drops every few minutes when I work from the hotel.",
    "channel": "email",
    "requester": {"email": "sam@example.com", "groups": ["staff"]},
}
REFUSED = {"id": "INC-1032", "text": "I scan at the copier on the second floor but the e-mail never arrives."}


def _triage(http: TestClient) -> dict[str, Any]:
    given = {"guided": GUIDED, "refused": REFUSED}
    decided = {name: http.post("/v1/triage", json=ticket).json() for name, ticket in given.items()}
    wrong = http.post("/v1/triage", json={"text": "", "prioritee": "P1"}).json()
    return {"request": given, "responses": {"200": decided, "422": {"wrong_field": wrong}}}


def _decisions(http: TestClient, decision: dict[str, Any]) -> dict[str, Any]:
    listed = http.get("/v1/decisions", params={"limit": 1}).json()
    record = http.get(f"/v1/decisions/{decision['decision_id']}").json()
    missing = {"missing": http.get("/v1/decisions/01JD000000000000000000000").json()}
    return {
        "listDecisions": {"responses": {"200": {"latest": listed}}},
        "getDecision": {"responses": {"200": {"guided": record}, "404": missing}},
    }


def _articles(http: TestClient, decision: dict[str, Any]) -> dict[str, Any]:
    cited = decision["citations"][0]
    path = f"/v1/articles/{cited['article_id']}"
    missing = {"missing": http.get("/v1/articles/network/none").json()}
    return {
        "search": {"responses": {"200": {"found": http.get("/v1/search", params={"q": "vpn drops", "k": 2}).json()}}},
        "getArticle": {"responses": {"200": {"live": http.get(path).json()}, "404": missing}},
        "getRevision": {
            "responses": {"200": {"as_cited": http.get(f"{path}/revisions/{cited['revision']}").json()}, "404": missing}
        },
    }


def _runs(http: TestClient, samples: Samples) -> dict[str, Any]:
    job = {"source": str(samples.pages / "printers"), "allow_mass_delete": False}
    started = http.post("/v1/ingest-runs", json=job)
    while (done := http.get(started.headers["location"]).json())["state"] in ("queued", "running"):
        time.sleep(0.1)
    return {
        "startIngestRun": {"request": {"folder": job}, "responses": {"202": {"queued": started.json()}}},
        "getIngestRun": {"responses": {"200": {"done": done}}},
    }


def collect(home: Path) -> dict[str, Any]:
    """Run every operation once and keep what was asked and answered.

    Args:
        home: An empty folder.

    Returns:
        Examples by operation id.
    """
    samples = load_samples()
    with open_runtime(Settings(home=home), create=True) as runtime:
        runtime.ingest(str(samples.pages))
        with TestClient(create_app(runtime), base_url="http://127.0.0.1") as http:
            triage = _triage(http)
            guided = triage["responses"]["200"]["guided"]
            examples = {"triage": triage, **_decisions(http, guided), **_articles(http, guided)}
            examples |= _runs(http, samples)
            examples["isReady"] = {"responses": {"200": {"ready": http.get("/readyz").json()}}}
    written = json.dumps(examples, ensure_ascii=False).replace(str(samples.pages), PUBLIC_ROOT)
    result: dict[str, Any] = json.loads(written)
    return result


def main() -> None:
    """Write the examples."""
    prepare_environment()
    with tempfile.TemporaryDirectory() as home:
        examples = collect(Path(home))
    EXAMPLES.write_text(json.dumps(examples, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
