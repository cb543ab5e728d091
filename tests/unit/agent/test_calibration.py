import json
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from types import SimpleNamespace

import pytest

from agent.calibration import (
    Calibration,
    CalibrationKeeper,
    changed_share,
    read_calibration,
    setting_of,
    write_calibration,
)
from agent.confidence import preset
from agent.decide.extractive import ExtractiveDecider
from agent.errors import CalibrationError
from agent.models import Ticket
from agent.triage import Triager
from index.errors import CatalogError
from index.models import EmbeddingSpec
from tests.cases import POLICY, TODAY, Shelf, a_revision, rules
from tests.unit.agent.evaluate.test_run import ScriptedSearcher, found

SPEC = EmbeddingSpec("minilm", "rev1", 384, "mean", "", "", 256)
PAGE = a_revision("# Fresh\n\n## Fix\n\n1. Restart it.\n", "fresh")


@dataclass
class AnIndex:
    spec: EmbeddingSpec = SPEC
    revisions: dict[str, str] = field(default_factory=lambda: {f"a{n}": "r1" for n in range(20)})
    changes: int = 0
    fault: bool = False

    def embedding(self):
        return self.spec

    def index_revision(self):
        if self.fault:
            raise CatalogError("the catalog is gone")
        return f"idx-{self.changes}"

    def standings(self):
        return {id_: SimpleNamespace(revision=revision) for id_, revision in self.revisions.items()}

    def change(self, **revisions):
        self.revisions |= revisions
        self.changes += 1


def a_calibration(index, policy=POLICY, **other):
    content = {
        "created_at": datetime(2026, 11, 20, tzinfo=UTC),
        "threshold": 0.62,
        "none": None,
        "alpha": 0.05,
        "delta": 0.1,
        "tickets": 120,
        "acted": 60,
        "wrong": 0,
        "setting": setting_of(policy, index),
    }
    return Calibration(**{**content, **other})


@pytest.fixture
def file(tmp_path):
    return tmp_path / "calibration.json"


def keeper(file, index, policy=POLICY):
    return CalibrationKeeper(file, lambda: rules(policy), index)


def test_without_a_calibration_the_preset_is_named(file):
    now = keeper(file, AnIndex()).current()
    assert (str(now.ground), now.policy, now.coefficients) == ("preset", POLICY, preset())


def test_a_calibration_brings_its_threshold_and_its_intercept(file):
    index = AnIndex()
    calibration = a_calibration(index, none=preset().none + 1)
    write_calibration(file, calibration)
    now = keeper(file, index).current()
    assert str(now.ground) == f"fitted:{calibration.id}"
    assert now.policy == replace(POLICY, min_confidence=0.62)
    assert now.policy_hash == POLICY.hash()
    assert now.coefficients == replace(preset(), none=preset().none + 1)


CHANGES = [
    pytest.param({"spec": replace(SPEC, revision="rev2")}, "embedding model minilm at rev1", id="weights"),
    pytest.param(
        {"revisions": {f"a{n}": "r2" if n < 3 else "r1" for n in range(20)}}, "15% of the articles", id="texts"
    ),
    pytest.param({"revisions": {f"a{n}": "r1" for n in range(23)}}, "15% of the articles", id="new-articles"),
    pytest.param({"revisions": {f"a{n}": "r1" for n in range(17)}}, "15% of the articles", id="articles-gone"),
]


@pytest.mark.parametrize(("now", "said"), CHANGES)
def test_on_another_index_it_is_stale_and_says_why(file, now, said):
    calibration = a_calibration(AnIndex())
    write_calibration(file, calibration)
    in_force = keeper(file, AnIndex(**now)).current()
    assert str(in_force.ground).startswith(f"fitted:{calibration.id} (stale: ")
    assert said in str(in_force.ground)
    assert in_force.policy == POLICY


def test_other_rules_of_matching_make_it_stale_and_other_teams_do_not(file):
    index = AnIndex()
    write_calibration(file, a_calibration(index))
    stricter = keeper(file, index, replace(POLICY, ambiguity_odds=3.0)).current()
    assert "ambiguity_odds was 1.25 and is 3.0" in str(stricter.ground)
    assert keeper(file, index, replace(POLICY, sign_off="Regards")).current().ground.fault is None


def test_other_coefficients_make_it_stale(file):
    index = AnIndex()
    setting = setting_of(POLICY, index).model_copy(update={"coefficients": "0" * 64})
    write_calibration(file, a_calibration(index, setting=setting))
    assert "other coefficients" in str(keeper(file, index).current().ground)


def test_a_tenth_of_the_articles_may_change_while_it_is_in_force(file):
    index = AnIndex()
    write_calibration(file, a_calibration(index))
    kept = keeper(file, index)
    assert kept.current().ground.fault is None
    index.change(a0="r2", a1="r2")
    assert kept.current().ground.fault is None
    index.change(a2="r2")
    assert "15% of the articles" in str(kept.current().ground)


def test_a_new_calibration_takes_effect_with_the_next_decision(file):
    index = AnIndex()
    kept = keeper(file, index)
    assert kept.current().ground.name == "preset"
    write_calibration(file, a_calibration(index))
    assert kept.current().policy.min_confidence == 0.62
    write_calibration(file, a_calibration(index, threshold=0.71))
    assert kept.current().policy.min_confidence == 0.71
    file.unlink()
    assert kept.current().ground.name == "preset"


DAMAGE = [
    pytest.param(lambda text: text[:100], "cannot be read", id="cut-short"),
    pytest.param(lambda text: "\x00\xff", "cannot be read", id="no-json"),
    pytest.param(lambda text: text.replace("0.62", "0.31"), "not as it was written", id="threshold-lowered-by-hand"),
    pytest.param(lambda text: text.replace("0.62", "NaN"), "threshold", id="not-a-number"),
    pytest.param(lambda text: json.dumps(json.loads(text) | {"x": 1}), "x", id="unknown-key"),
]


@pytest.mark.parametrize(("damage", "said"), DAMAGE)
def test_a_damaged_file_stops_acting_and_says_what_to_do(file, damage, said):
    index = AnIndex()
    write_calibration(file, a_calibration(index))
    file.write_text(damage(file.read_text()))
    with pytest.raises(CalibrationError, match=said):
        read_calibration(file)
    ground = keeper(file, index).current().ground
    assert ground.fault is not None
    assert "runcite calibrate" in ground.fault


def test_an_index_that_cannot_be_asked_stops_acting(file):
    index = AnIndex()
    write_calibration(file, a_calibration(index))
    index.fault = True
    assert "cannot be told" in str(keeper(file, index).current().ground)


def test_a_stale_calibration_leaves_drafts_only(file):
    index = AnIndex()
    write_calibration(file, a_calibration(index))
    kept = keeper(file, index)
    triager = Triager(
        ScriptedSearcher({"printer jam": (found("fresh"),)}), Shelf(PAGE), ExtractiveDecider(), kept.current, "m"
    )
    acted = triager.triage(Ticket("INC-1", "printer jam"), as_of=TODAY)
    index.change(**{f"a{n}": "r2" for n in range(10)})
    drafted = triager.triage(Ticket("INC-1", "printer jam"), as_of=TODAY)
    assert (acted.outcome, drafted.outcome) == ("RESOLVE", "ESCALATE_HUMAN")
    assert drafted.refusal is not None
    assert drafted.refusal.reason == "calibration"
    assert drafted.citations[0].use == "for_review"
    assert "(stale: 50% of the articles" in drafted.provenance.calibration


def test_a_write_that_fails_leaves_what_was_there(file):
    index = AnIndex()
    write_calibration(file, a_calibration(index))
    before = file.read_bytes()
    (file.parent / "elsewhere").mkdir()
    with pytest.raises(CalibrationError, match="cannot be written"):
        write_calibration(file.parent / "elsewhere" / "no" / "calibration.json", a_calibration(index, threshold=0.9))
    assert file.read_bytes() == before


@pytest.mark.parametrize(
    ("now", "share"),
    [
        pytest.param(("a", "b", "c", "d"), 0.0, id="same"),
        pytest.param(("a", "b", "c", "x"), 0.25, id="one-other-text"),
        pytest.param(("a", "b", "c"), 0.25, id="one-gone"),
        pytest.param(("a", "b", "c", "d", "e"), 0.25, id="one-new"),
        pytest.param((), 1.0, id="all-gone"),
    ],
)
def test_a_change_counts_once(now, share):
    assert changed_share(("a", "b", "c", "d"), now) == share
