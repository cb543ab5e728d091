import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.lexicon import ArticleTerms, Lexicon
from ingest.models import EVERYONE


def terms(*ids: int) -> np.ndarray:
    return np.array(sorted(set(ids)), dtype=np.uint32)


def lexicon(**articles: tuple[int, ...]) -> Lexicon:
    return Lexicon().changed(
        1, [ArticleTerms(name, "r", terms(*ids), terms(), (EVERYONE,)) for name, ids in articles.items()], []
    )


def test_rare_terms_weigh_more_and_unknown_ones_most() -> None:
    book = lexicon(a=(1, 2), b=(1,), c=(1,))
    common, rare, unknown = book.idf(terms(1, 2, 9))
    assert common == pytest.approx(math.log(1 + 0.5 / 3.5))
    assert rare == pytest.approx(math.log(1 + 2.5 / 1.5))
    assert unknown == pytest.approx(math.log(1 + 3.5 / 0.5))


def test_coverage_counts_unknown_terms_against_the_article() -> None:
    book = lexicon(a=(1, 2), b=(1,), c=(1,))
    full = book.coverage(terms(1, 2), terms(1, 2))
    some = book.coverage(terms(1, 2, 9), terms(1, 2))
    assert full == 1.0
    assert 0 < some < 0.5
    assert book.coverage(terms(), terms(1)) == 0.0
    assert book.coverage(terms(9), terms(1)) == 0.0


def test_unknown_share() -> None:
    book = lexicon(a=(1, 2))
    assert book.unknown_share(terms(1, 8, 9, 10)) == 0.75
    assert book.unknown_share(terms()) == 1.0
    assert Lexicon().unknown_share(terms(1)) == 1.0


ID_SETS = st.frozensets(st.integers(0, 12), max_size=6)


@given(st.lists(st.tuples(st.sampled_from("abcd"), st.none() | ID_SETS), max_size=25))
def test_any_sequence_of_changes_counts_as_if_counted_afresh(changes: list[tuple[str, frozenset[int] | None]]) -> None:
    book, truth = Lexicon(), {}
    for sequence, (name, ids) in enumerate(changes):
        if ids is None:
            truth.pop(name, None)
            book = book.changed(sequence, [], [name])
        else:
            truth[name] = ids
            book = book.changed(sequence, [ArticleTerms(name, "r", terms(*ids), terms(), (EVERYONE,))], [])
    counted = {term: sum(term in ids for ids in truth.values()) for term in set().union(*truth.values())}
    assert dict(zip(book.vocabulary.tolist(), book.frequency.tolist(), strict=True)) == counted
    assert book.articles.keys() == truth.keys()


def test_a_reader_sees_no_trace_of_what_is_not_for_them() -> None:
    everyones = [ArticleTerms(name, "r", terms(1, 2), terms(), (EVERYONE,)) for name in ("a", "b")]
    secret = ArticleTerms("c", "r", terms(1, 7), terms(), ("hr", "board"))
    book = Lexicon().changed(1, [*everyones, secret], [])
    alone = Lexicon().changed(1, everyones, [])
    seen = book.seen_by(frozenset({EVERYONE}))
    assert "c" not in seen.articles
    assert seen.unknown_share(terms(7)) == 1.0
    assert seen.idf(terms(1, 2, 7)) == pytest.approx(alone.idf(terms(1, 2, 7)))
    assert book.seen_by(frozenset({EVERYONE})) is seen, "made once"
    assert book.seen_by(frozenset({EVERYONE, "hr"})) is book
    opened = book.changed(2, [ArticleTerms("c", "r", terms(1, 7), terms(), (EVERYONE,))], [])
    assert opened.seen_by(frozenset({EVERYONE})) is opened
