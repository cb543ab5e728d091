import json
import re
import sqlite3

import pytest

from api.bootstrap import CATALOG_NAME
from api.cli.main import run
from api.samples import PLACES

pytestmark = pytest.mark.integration

# Public: scripts read them.
EVAL_FIELDS = [
    "dataset", "conditions", "articles", "tickets", "groups", "answerable", "hit_at_1", "hit_at_3", "hit_at_8",
    "hit_at_1_by_group", "mrr", "auroc", "augrc", "coverage_at_5", "coverage_at_1", "ece", "reliability",
    "risk_coverage", "acting", "stale_found", "stale_refused", "acted_on_stale", "in_date", "routing", "held",
    "acted_on_held", "refusals", "slices", "latency_p50_ms", "latency_p95_ms", "cost_usd", "answers", "comparison",
]  # fmt: skip


def test_the_demo_shows_every_kind_of_decision_and_a_second_run_embeds_nothing(tmp_path, capsys):
    assert run(["--home", str(tmp_path), "demo"]) == 0
    home = ["--home", str(tmp_path / "demo")]
    first = capsys.readouterr()
    assert run([*home, "ingest", "--json", str(PLACES[0])]) == 0
    (again,) = json.loads(capsys.readouterr().out)["runs"]

    for kind in ("GUIDE USER", "RESOLVE", "NEED INFO", "REQUIRE APPROVAL", "ESCALATE HUMAN", "ESCALATE SECURITY"):
        assert kind in first.out
    for reason in ("overdue for review", "no runbook matches", "fit equally well", "not verified"):
        assert f"Not acted on: the runbook is {reason}" in first.out or reason in first.out
    held, total = re.search(r"citations +(\d+) of (\d+) found word for word", first.out).groups()
    assert held == total
    assert int(total) > 60
    right = re.search(r"as expected +(\d+) of 60", first.out)
    # The others are stopped by a stricter gate than labelled, or just under the confidence that acting takes.
    assert int(right[1]) >= 51
    assert first.out.count("runcite ") >= 3

    assert set(again["outcomes"]) == {"unchanged"}
    assert again["chunks_embedded"] == 0


def test_a_small_dataset_is_evaluated(tmp_path, pages, capsys):
    dataset = tmp_path / "dataset"
    dataset.mkdir()
    (dataset / "pages").symlink_to(pages, target_is_directory=True)
    (dataset / "meta.json").write_text('{"as_of": "2026-11-20"}')
    labelled = [
        {"id": "1", "text": "vpn drops every few minutes", "expected": ["network/vpn-drops"]},
        {
            "id": "2",
            "text": "scan to e-mail never arrives",
            "expected": ["printers/scan-to-email"],
            "stale_at_as_of": True,
        },
        {"id": "3", "text": "where can I park my bicycle", "expected": []},
    ]
    (dataset / "queries.jsonl").write_text("".join(json.dumps(line) + "\n" for line in labelled))
    assert run(["--home", str(tmp_path / "eval"), "eval", "--json", str(dataset)]) == 0
    report = json.loads(capsys.readouterr().out)
    assert list(report) == EVAL_FIELDS
    assert (report["tickets"], report["hit_at_1"]["value"], report["acted_on_stale"]) == (3, 1.0, 0)
    assert run(["--home", str(tmp_path / "eval"), "eval", str(dataset)]) == 0
    page = capsys.readouterr().out
    for said in ("hit@1", "n = 2)", "Freshness gate", "acted on stale", "95 % interval"):
        assert said in page
    assert max(map(len, page.splitlines())) <= 80


def test_a_dataset_that_is_none_is_named(tmp_path, capsys):
    assert run(["--home", str(tmp_path / "eval"), "eval", str(tmp_path)]) == 2
    assert str(tmp_path) in capsys.readouterr().err


def test_samples_indexed_by_another_version_are_indexed_anew(tmp_path, capsys):
    (tmp_path / "demo").mkdir()
    catalog = sqlite3.connect(tmp_path / "demo" / CATALOG_NAME)
    catalog.executescript(
        "CREATE TABLE settings (key TEXT, value TEXT); INSERT INTO settings VALUES ('schema_version', '0')"
    )
    catalog.close()
    assert run(["--home", str(tmp_path), "demo"]) == 0
    assert "indexed anew" in capsys.readouterr().err
