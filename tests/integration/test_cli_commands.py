import csv
import io
import json
import shutil

import pytest

from api.announce import FILE_NAME
from api.schemas import DecisionV1, RunReportV1, SearchV1, StatusV1
from tests.integration.conftest import AS_OF, PAGES

pytestmark = pytest.mark.integration


def test_a_ticket_gets_its_runbook_word_for_word(runcite):
    code, out, _ = runcite("triage", "--as-of", AS_OF, "--json", "My VPN drops every few minutes in the hotel")
    decision = DecisionV1.model_validate_json(out)
    assert (code, decision.outcome) == (0, "GUIDE_USER")
    assert decision.steps[0].text == "Open Preferences > Network and enable Always On."
    assert {citation.article_id for citation in decision.citations} == {"network/vpn-drops"}
    for citation in decision.citations:
        assert citation.quote in PAGES["network/vpn-drops.md"]
        assert citation.freshness.state == "fresh"


def test_the_clock_decides_what_is_fresh(runcite):
    _, out, _ = runcite("triage", "--as-of", "2028-01-01", "--json", "My VPN drops every few minutes in the hotel")
    decision = DecisionV1.model_validate_json(out)
    assert decision.action == "escalate"
    assert decision.refusal is not None
    assert decision.refusal.reason == "stale"


def test_a_decision_for_a_person_shows_its_proof(runcite):
    code, out, _ = runcite("triage", "--as-of", AS_OF, "My VPN drops every few minutes in the hotel")
    assert code == 0
    for part in (
        "GUIDE USER",
        "1. Open Preferences",
        "network/vpn-drops",
        "fresh · reviewed 2026-10-01",
        "owner netops",
    ):
        assert part in out


def test_a_batch_keeps_its_order(runcite, tmp_path):
    words = {"A": "vpn drops every few minutes", "B": "toner is empty", "C": "is there parking in Leeds?"}
    (tmp_path / "in.jsonl").write_text("".join(json.dumps({"id": i, "text": t}) + "\n" for i, t in words.items()))
    code, out, _ = runcite("triage", "--as-of", AS_OF, "--batch", tmp_path / "in.jsonl")
    decisions = [DecisionV1.model_validate_json(line) for line in out.splitlines()]
    assert code == 0
    assert [decision.ticket.id for decision in decisions] == ["A", "B", "C"]
    assert decisions[2].refusal is not None


def test_search_names_passage_freshness_and_owner(runcite):
    code, out, _ = runcite("search", "--json", "-k", "1", "vpn drops")
    found = SearchV1.model_validate_json(out)
    assert (code, found.results[0].article_id) == (0, "network/vpn-drops")
    code, out, _ = runcite("search", "vpn drops")
    assert "owner netops" in out


def test_a_restricted_article_is_found_by_its_group_alone(runcite):
    ids = {}
    for groups in ((), ("--group", "finance")):
        _, out, _ = runcite("search", "--json", "reopen the closed ledger period", *groups)
        ids[groups] = [passage.article_id for passage in SearchV1.model_validate_json(out).results]
    assert "finance/ledger" not in ids[()]
    assert ids["--group", "finance"][0] == "finance/ledger"


def test_articles_are_listed_by_state(runcite):
    code, out, _ = runcite("articles", "--as-of", AS_OF, "--state", "stale", "--csv")
    rows = list(csv.DictReader(io.StringIO(out)))
    assert code == 0
    assert [(row["article_id"], row["state"], row["owner"]) for row in rows] == [
        ("printers/scan-to-email", "stale", "workplace")
    ]
    assert runcite("articles", "--state", "superseded")[0] == 4


def test_a_title_that_is_a_formula_is_disarmed(runcite, pages, tmp_path):
    wiki = shutil.copytree(pages, tmp_path / "other")
    shutil.rmtree(wiki / "network")
    for name in ("finance", "printers"):
        shutil.rmtree(wiki / name)
    (wiki / "formula.md").write_text('---\ntitle: "=HYPERLINK(1)"\nowner: "@sum"\n---\nSome text about formulas.\n')
    assert runcite("ingest", wiki)[0] == 0
    _, out, _ = runcite("articles", "--csv")
    row = next(row for row in csv.DictReader(io.StringIO(out)) if row["article_id"] == "formula")
    assert (row["title"], row["owner"]) == ("'=HYPERLINK(1)", "'@sum")


def test_status_sums_the_home_up(runcite):
    code, out, _ = runcite("status", "--json")
    status = StatusV1.model_validate_json(out)
    assert (code, status.articles, len(status.runs)) == (0, len(PAGES), 1)
    assert status.runs[0].outcomes == {"indexed": len(PAGES)}


def test_a_second_ingest_changes_nothing(runcite, pages):
    code, out, _ = runcite("ingest", "--json", pages)
    run = RunReportV1.model_validate(json.loads(out)["runs"][0])
    assert (code, run.chunks_embedded) == (0, 0)
    assert (run.articles, run.outcomes) == ((), {"unchanged": len(PAGES)})


def test_the_report_lists_what_happened_and_counts_the_rest(runcite, home, tmp_path, pages):
    wiki = shutil.copytree(pages, tmp_path / "wiki")
    code, out, _ = runcite("--home", str(tmp_path / "fresh"), "ingest", wiki)
    assert code == 0
    (wiki / "printers/toner.md").unlink()
    (wiki / "network/vpn-drops.md").write_text(PAGES["network/vpn-drops.md"].replace("ten", "twenty"))
    code, out, _ = runcite("--home", str(tmp_path / "fresh"), "ingest", wiki)
    assert code == 0
    assert "deleted       printers/toner" in out
    assert "updated       network/vpn-drops" in out
    assert "scan-to-email" not in out


def test_two_sources_are_two_runs(runcite, tmp_path):
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        (tmp_path / name / f"{name}.md").write_text(f"# {name}\n\nHow to restart service {name}.\n")
    code, out, _ = runcite("ingest", "--json", tmp_path / "one", tmp_path / "two")
    runs = json.loads(out)["runs"]
    assert code == 0
    assert [[line["article_id"] for line in run["articles"]] for run in runs] == [["one"], ["two"]]


def test_what_a_killed_server_left_behind_is_passed_over(runcite, home):
    (home / FILE_NAME).write_text(json.dumps({"url": "http://127.0.0.1:1", "pid": 2**22 + 1}))
    assert runcite("search", "vpn")[0] == 0
