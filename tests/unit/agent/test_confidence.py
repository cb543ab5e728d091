import json
from dataclasses import asdict, fields, replace
from importlib.resources import files

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.confidence import REASONS, Coefficients, estimate, preset, read_coefficients
from agent.errors import ConfidenceError
from index.models import Candidate, Features, Retrieval
from ingest.models import ArticleMetadata
from tests.cases import SCALE, a_candidate

NAMES = [field.name for field in fields(Features)]
SHIPPED = files("agent").joinpath("confidence.json").read_text(encoding="utf-8")


def scored(*candidates: Candidate, unknown: float = 0.0) -> list[float]:
    return [one.confidence for one in estimate(Retrieval(candidates, unknown, SCALE, "idx"), preset())]


def with_signals(candidate: Candidate, **changes: float) -> Candidate:
    return replace(candidate, features=replace(candidate.features, **changes))


@pytest.mark.parametrize("name", NAMES)
def test_no_signal_in_favour_counts_against(name: str) -> None:
    weak, strong = (with_signals(a_candidate(), **{name: value}) for value in (0.1, 0.9))
    assert scored(weak)[0] <= scored(strong)[0]


def test_an_article_that_stands_out_is_likely_and_one_that_does_not_is_not() -> None:
    nothing = Features(**dict.fromkeys(NAMES, 0.0))
    assert scored(replace(a_candidate(), features=nothing))[0] < 0.05
    assert scored(a_candidate(similarity=0.8))[0] > 0.9


def test_a_rival_costs_confidence_and_a_replaced_article_does_not() -> None:
    new, rival = a_candidate("vpn/new"), a_candidate("vpn/other", similarity=0.69)
    assert scored(new, rival)[0] < scored(new)[0]
    old = a_candidate("vpn/old", ArticleMetadata(superseded_by="vpn/new"), similarity=0.69)
    assert scored(new, old)[0] == scored(new)[0]


def test_an_article_replaced_by_one_that_was_not_found_is_a_rival_like_any_other() -> None:
    new, old = a_candidate("vpn/new"), a_candidate("vpn/old", ArticleMetadata(superseded_by="vpn/gone"))
    assert scored(new, old)[0] == pytest.approx(scored(new, a_candidate("vpn/other"))[0])


FEATURES = st.builds(Features, *[st.floats(-20, 20) for _ in NAMES])


@given(st.lists(FEATURES, max_size=8), st.floats(0, 1))
def test_confidences_are_probabilities_and_leave_room_for_none(features: list[Features], unknown: float) -> None:
    chances = scored(*(replace(a_candidate(str(n)), features=one) for n, one in enumerate(features)), unknown=unknown)
    assert all(0 <= chance <= 1 for chance in chances)
    assert sum(chances) <= 1 + 1e-9


def test_the_reasons_are_the_weightiest_signals_and_add_up_to_what_they_say() -> None:
    candidate = a_candidate(similarity=0.8)
    (one,) = estimate(Retrieval((candidate,), 0.0, SCALE, "idx"), preset())
    assert len(one.why) == REASONS
    model = preset()
    everything = {
        name: model.weights[name] * (value - model.typical[name]) for name, value in asdict(candidate.features).items()
    }
    weightiest = sorted(everything, key=lambda name: -abs(everything[name]))[:REASONS]
    assert [reason.feature for reason in one.why] == weightiest
    assert [reason.log_odds for reason in one.why] == [
        pytest.approx(everything[name], abs=0.006) for name in weightiest
    ]


def test_the_shipped_coefficients_say_where_they_come_from() -> None:
    shipped = json.loads(SHIPPED)
    assert shipped["script"].startswith("python -m benchmarks.fit_confidence")
    assert {"fitted_on", "embedding", "corpora", "left_out"} <= shipped.keys()
    assert all(corpus["tickets"] >= 60 for corpus in shipped["corpora"])
    assert isinstance(preset(), Coefficients)


def broken(**changes: object) -> str:
    return json.dumps(json.loads(SHIPPED) | changes)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "Invalid JSON"),
        ("[]", "the file"),
        (broken(none=None), "none"),
        (broken(none="NaN"), "none"),
        (SHIPPED.replace('"none":', '"nun":'), "none"),
        (broken(features={"best_place": {"weight": 1, "typical": 0}}), "this version's features"),
        (broken(features={"best_place": {"weight": "much", "typical": 0}}), "features.best_place.weight"),
    ],
    ids=["empty", "a_list", "null", "not_a_number", "key_missing", "signals_missing", "a_word"],
)
def test_coefficients_that_cannot_be_read_are_refused(text: str, problem: str) -> None:
    with pytest.raises(ConfidenceError, match="fit_confidence") as caught:
        read_coefficients(text)
    assert problem in str(caught.value)
