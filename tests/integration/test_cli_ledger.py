"""What was decided is found again, and what was done to it behind Runcite's back is found out."""

import json
import sqlite3

import pytest

from agent.ledger.anchor import ANCHOR_NAME
from agent.ledger.tables import metadata
from api.bootstrap import CATALOG_NAME
from api.schemas import AuditReportV1, DecisionPageV1, DecisionRecordV1, DecisionV1
from tests.integration.conftest import AS_OF, PAGES

pytestmark = pytest.mark.integration

VPN = "My VPN drops every few minutes in the hotel"


@pytest.fixture
def decision(runcite) -> DecisionV1:
    code, out, _ = runcite("triage", "--as-of", AS_OF, "--json", VPN)
    assert code == 0
    return DecisionV1.model_validate_json(out)


@pytest.fixture
def tamper(home):
    def run(statement: str) -> None:
        with sqlite3.connect(home / CATALOG_NAME) as raw:
            for (name,) in raw.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
                raw.execute(f"DROP TRIGGER {name}")
            raw.execute(statement)

    return run


def test_a_decision_is_shown_again_as_it_was_given_out(runcite, decision):
    code, out, _ = runcite("decisions", decision.decision_id, "--json")
    record = DecisionRecordV1.model_validate_json(out)
    assert code == 0
    assert record.decision.model_dump_json() == decision.model_dump_json()
    assert (record.ticket_text, record.as_of.isoformat()) == (VPN, AS_OF)
    assert record.considered[0].article_id == "network/vpn-drops"


def test_a_person_sees_the_decision_and_what_it_was_made_of(runcite, decision):
    code, out, _ = runcite("decisions", decision.decision_id)
    assert code == 0
    for part in ("GUIDE USER", "1. Open Preferences", "On record", "audit entry", "Looked at", "network/vpn-drops"):
        assert part in out


def test_decisions_are_listed_by_what_they_came_to(runcite, decision):
    runcite("triage", "--as-of", AS_OF, "is there parking in Leeds?")
    code, out, _ = runcite("decisions", "--json")
    assert [line.outcome for line in DecisionPageV1.model_validate_json(out).decisions] == [
        "ESCALATE_HUMAN",
        "GUIDE_USER",
    ]
    code, out, _ = runcite("decisions", "--outcome", "GUIDE_USER", "--article", "network/vpn-drops", "--since", "1d")
    assert (code, out.count("guide"), "person" in out) == (0, 1, False)
    assert decision.decision_id in out


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["--outcome", "SHRUG"], 2, "--outcome 'SHRUG' is none; expected one of RESOLVE"),
        (["--since", "yesterday"], 2, "--since 'yesterday' is no moment; expected a day such as"),
        (["--since", "0001-01-01T00:00:00+14:00"], 2, "--since '0001-01-01T00:00:00+14:00' is no moment; expected"),
        (["--until", "9999-12-31T23:59-10:00"], 2, "--until '9999-12-31T23:59-10:00' is no moment; expected"),
        (["01JD", "--team", "x"], 2, "exclude each other"),
        (["01JD"], 2, "no decision '01JD'"),
        (["--team", "Nobody"], 4, "no such decision in"),
    ],
    ids=["outcome", "since", "first day", "last day", "both", "unknown", "none"],
)
def test_a_wrong_question_is_answered_in_one_line(runcite, arguments, code, said):
    got, _, err = runcite("decisions", *arguments)
    assert (got, said in err) == (code, True), err


def test_an_untouched_log_is_sound(runcite, decision):
    code, out, err = runcite("audit", "verify")
    assert (code, out) == (0, "4 entries, 1 decisions: all as they were written\n")
    assert "The last of them is 4:" in err


def test_the_log_tells_of_the_run_that_brought_the_articles(runcite, decision):
    entries = [json.loads(line) for line in runcite("audit", "export")[1].splitlines()]
    assert [entry["kind"] for entry in entries] == ["ledger", "run", "policy", "decision"]
    assert entries[1]["detail"]["outcomes"] == {"indexed": len(PAGES)}


def test_a_changed_decision_is_named(runcite, decision, tamper):
    tamper("UPDATE decisions SET outcome = 'RESOLVE'")
    code, out, err = runcite("audit", "verify")
    assert (code, "keep a copy" in err) == (1, False)
    assert out.startswith(f"the decision {decision.decision_id} of entry 4 was changed\n")


def test_a_log_that_is_cut_off_misses_what_was_kept_elsewhere(runcite, decision, tamper, home, tmp_path):
    head = tmp_path / "head"
    head.write_text(runcite("audit", "head")[1])
    tamper("DELETE FROM audit_log WHERE seq = 4")
    for table in ("decision_articles", "decision_tags", "decision_words", "decisions"):
        tamper(f"DELETE FROM {table}")  # noqa: S608 - our own tables
    (home / ANCHOR_NAME).unlink()
    code, out, _ = runcite("audit", "verify", "--anchor", head, "--json")
    report = AuditReportV1.model_validate_json(out)
    assert (code, report.sound) == (1, False)
    assert report.faults[0].detail == "entry 4 is missing from the end: --anchor names entry 4"
    assert any("audit.anchor' is gone" in fault.detail for fault in report.faults)


def test_a_ledger_that_was_destroyed_is_missed_and_no_other_is_made(runcite, decision, home):
    with sqlite3.connect(home / CATALOG_NAME) as raw:
        for table in metadata.tables:
            raw.execute(f"DROP TABLE {table}")
    for _ in range(2):
        code, out, _ = runcite("audit", "verify")
        assert (code, "the ledger is gone from" in out, "the anchor names entry 4" in out) == (1, True, True)
        code, _, err = runcite("triage", "--as-of", AS_OF, VPN)
        assert (code, "the ledger is gone from" in err) == (2, True)


def test_an_export_is_verified_without_the_home(runcite, decision, tmp_path):
    file = tmp_path / "audit.jsonl"
    file.write_text(runcite("audit", "export")[1], encoding="utf-8")
    code, out, err = runcite("audit", "verify", "--file", file)
    assert (code, out) == (0, "4 entries, 1 decisions: all as they were written\n")
    assert "was not checked" in err
    code, _, err = runcite("audit", "verify", "--file", file, "--anchor", runcite("audit", "head")[1].strip())
    assert (code, "was not checked" in err, "keep a copy" in err) == (0, False, True)
    file.write_text(file.read_text().replace(decision.decision_id, "01JD"), encoding="utf-8")
    code, out, _ = runcite("audit", "verify", "--file", file)
    assert (code, out.splitlines()[0]) == (1, "entry 4 was changed after it was written")


def test_an_empty_export_is_refused(runcite, tmp_path):
    file = tmp_path / "audit.jsonl"
    file.touch()
    code, out, err = runcite("audit", "verify", "--file", file)
    assert (code, out, "is empty; expected what `runcite audit export` wrote" in err) == (2, "", True)


def test_a_batch_is_recorded_line_by_line(runcite, tmp_path):
    batch = tmp_path / "in.jsonl"
    batch.write_text("".join(json.dumps({"id": f"T{n}", "text": VPN}) + "\n" for n in range(3)))
    _, out, _ = runcite("triage", "--as-of", AS_OF, "--batch", batch)
    given = [json.loads(line)["decision_id"] for line in out.splitlines()]
    page = DecisionPageV1.model_validate_json(runcite("decisions", "--json")[1])
    assert [line.decision_id for line in page.decisions] == given[::-1]


def test_an_evaluation_decides_nothing(runcite, tmp_path):
    pages = tmp_path / "set" / "pages"
    pages.mkdir(parents=True)
    (pages / "vpn.md").write_text("# VPN\n\n1. Reconnect.\n")
    (tmp_path / "set" / "queries.jsonl").write_text(json.dumps({"id": "q", "query": VPN, "expected": ["vpn"]}) + "\n")
    runcite("eval", tmp_path / "set")
    assert runcite("decisions")[0] == 4
