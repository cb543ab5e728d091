from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.confidence import CosineScale, confidences
from index.models import Retrieval
from ingest.models import ArticleMetadata
from tests.cases import a_candidate

SCALE = CosineScale(unrelated=0.15, related=0.6)


def scored(*candidates):
    return confidences(Retrieval(candidates, 0.0, "idx"), SCALE)


def test_scale_places_cosines_between_unrelated_and_related():
    assert [SCALE.place(cosine) for cosine in (0.15, 0.6)] == [pytest.approx(0), pytest.approx(1)]


@given(low=st.floats(0, 1), high=st.floats(0, 1))
def test_a_closer_article_is_never_less_likely(low, high):
    low, high = sorted((low, high))
    assert scored(a_candidate(similarity=low))[0] <= scored(a_candidate(similarity=high))[0]


def test_a_rival_costs_confidence_and_a_replaced_article_does_not():
    alone = scored(a_candidate("vpn/new"))[0]
    rival = a_candidate("vpn/other", similarity=0.69)
    assert (
        scored(a_candidate("vpn/new"), rival)[0]
        < scored(a_candidate("vpn/new"), replace(rival, similarity=0.2, fused=0.2))[0]
    )
    old = a_candidate("vpn/old", ArticleMetadata(superseded_by="vpn/new"), similarity=0.69)
    assert scored(a_candidate("vpn/new"), old)[0] == alone


@given(st.lists(st.floats(-1, 1), max_size=8))
def test_every_confidence_is_a_probability(similarities):
    candidates = [a_candidate(str(n), similarity=s) for n, s in enumerate(similarities)]
    assert all(0 < p < 1 for p in scored(*candidates))
