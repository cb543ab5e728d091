import numpy as np
import pytest

from index.store.bm25 import TermEncoder

TERMS = TermEncoder()


def test_queries_and_documents_share_term_ids() -> None:
    assert TERMS.query("VPN disconnects").indices.tolist() == TERMS.document("the VPN disconnected").indices.tolist()


@pytest.mark.parametrize(
    ("left", "right"),
    [
        pytest.param("Running", "runs", id="stems"),
        pytest.param("Café", "cafe", id="folds accents"),
        pytest.param("the printer", "printer of", id="drops stop words"),
    ],
)
def test_words_that_mean_the_same_are_one_term(left: str, right: str) -> None:
    assert TERMS.terms(left).tolist() == TERMS.terms(right).tolist() != []


def test_terms_are_ascending_unique_and_typed() -> None:
    vector = TERMS.document("zebra apple zebra mango apple zebra")
    assert vector.indices.dtype == np.uint32
    assert vector.values.dtype == np.float32
    assert np.all(np.diff(vector.indices.astype(np.int64)) > 0)
    assert len(vector.indices) == len(vector.values) == 3


def test_more_of_a_term_weighs_more_but_ever_less() -> None:
    weights = [float(TERMS.document(" ".join(["zebra"] * count)).values[0]) for count in (1, 2, 3)]
    assert weights[0] < weights[1] < weights[2] < 2.2
    assert weights[2] - weights[1] < weights[1] - weights[0]


def test_a_text_without_words_is_empty() -> None:
    assert len(TERMS.document("").indices) == len(TERMS.query("?!").indices) == 0
