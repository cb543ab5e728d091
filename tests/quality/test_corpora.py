"""Decisions on real labelled runbooks; the figures themselves are in docs/scoreboard.md."""

import os
from pathlib import Path

import pytest

from agent.evaluate.dataset import load_dataset
from agent.evaluate.figures import EvalReport
from agent.evaluate.report import report
from agent.evaluate.run import evaluate
from api.bootstrap import open_runtime
from api.settings import Settings

pytestmark = pytest.mark.quality

ROOT = Path(__file__).resolve().parent.parent.parent
DATA = Path(os.environ.get("RUNCITE_EVAL_DATA", ROOT.parent / "shared" / "data"))


def measure(name: str, home: Path) -> EvalReport:
    if not (DATA / name).is_dir():
        pytest.skip(f"no labelled corpus at {DATA / name}; set RUNCITE_EVAL_DATA to the folder that holds it")
    dataset = load_dataset(DATA / name)
    with open_runtime(Settings(home=home, embedding="bundled"), create=True) as runtime:
        run = runtime.ingest(str(dataset.pages))
        assert run.error is None
        return report(evaluate(dataset, runtime.triager, len(run.articles)))


def test_alerts_find_their_runbook_and_undated_runbooks_never_act(tmp_path: Path) -> None:
    figures = measure("prom_runbooks", tmp_path)
    assert figures.hit_at_1.value is not None
    assert figures.hit_at_1.value >= 0.93
    assert figures.auroc.value is not None
    assert figures.auroc.value >= 0.975
    assert figures.coverage_at_5.value >= 0.85
    # The pages carry no review dates, so that nothing may be acted on, however well it matches.
    assert sum(part.answered for part in figures.slices.values()) == 0
    assert figures.refusals["freshness_unknown"] > 100


def test_overdue_pages_are_refused_and_never_acted_on(tmp_path: Path) -> None:
    figures = measure("govuk_alerts", tmp_path)
    assert figures.hit_at_1.value is not None
    assert figures.hit_at_1.value >= 0.58
    assert figures.hit_at_1_by_group is not None
    assert figures.hit_at_1_by_group >= 0.70
    assert figures.acted_on_stale == 0
    assert figures.stale_found >= 5
    # The other two of the ten are stopped before, by a stricter gate.
    assert figures.stale_refused.value >= 0.8
