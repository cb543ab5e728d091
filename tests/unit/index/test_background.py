from collections.abc import Collection

import numpy as np

from index.background import Background, Backgrounds, off_topic_digest, off_topic_tickets
from index.kept import Key
from index.letters import Letters, letters_of
from index.lexicon import ArticleTerms, Lexicon
from index.models import FloatMatrix
from index.portraits import Gallery, Portrait
from ingest.models import EVERYONE
from tests.unit.index.test_portraits import a_portrait, unit_rows

LETTERS = [letters_of("", title, "") for title in ("VPN drops", "Printer is jammed", "Reset a password")]
TERMS = np.array([1], dtype=np.uint32)


def shifted(rows: FloatMatrix, constant: float = 2.5) -> FloatMatrix:
    """Add a constant component, which brings all cosines nearer to 1, as in models trained at a low temperature."""
    longer = np.concatenate([rows, np.full((len(rows), 1), constant, dtype=np.float32)], axis=1)
    made: FloatMatrix = longer / np.linalg.norm(longer, axis=1, keepdims=True)
    return made


def a_lexicon(*ids: str, hidden: tuple[str, ...] = ()) -> Lexicon:
    articles = [ArticleTerms(one, "r", TERMS, TERMS, ("hr",) if one in hidden else (EVERYONE,)) for one in ids]
    return Lexicon().changed(1, articles, [])


def test_standings_and_places_do_not_depend_on_where_a_models_cosines_live() -> None:
    rng = np.random.default_rng(3)
    portraits = [a_portrait(rng, 1) for _ in range(40)]
    moved = [Portrait.of(shifted(one.rows[1 : 1 + one.titles]), shifted(one.chunks)) for one in portraits]
    off_topic, queries = unit_rows(rng, 30), unit_rows(rng, 5)
    before = Background(portraits, LETTERS, off_topic)
    after = Background(moved, LETTERS, shifted(off_topic))
    assert after.scale.unrelated > 0.8
    low, high = Gallery(portraits[:5]).compare(queries), Gallery(moved[:5]).compare(shifted(queries))
    assert np.allclose(after.scale.place(high.best), before.scale.place(low.best), atol=1e-3)
    standings = before.standings(queries, low), after.standings(shifted(queries), high)
    assert np.allclose(standings[0].best, standings[1].best, atol=1e-2)
    assert np.allclose(standings[0].title, standings[1].title, atol=1e-2)


def test_an_article_of_its_own_stands_out_even_where_there_is_no_other() -> None:
    rng = np.random.default_rng(4)
    lonely = a_portrait(rng, 1)
    gallery = Gallery([lonely])
    own = lonely.chunks[:1]
    background = Background([lonely], LETTERS[:1], unit_rows(rng, 50))
    standings = background.standings(own, gallery.compare(own))
    assert standings.best[0, 0] > 2
    # And what is not about it does not, by the whole length of the scale of a handful of articles.
    others = unit_rows(rng, 50)
    usual = background.standings(others, gallery.compare(others))
    assert max(abs(kind).max() for kind in (usual.best, usual.centre, usual.title)) < 5
    (by_letters,) = background.letter_standings("the canteen serves no soup", LETTERS[:1])
    assert abs(by_letters) < 5
    assert all(np.isfinite(kind).all() for kind in (standings.best, standings.centre, standings.title))


def test_a_model_that_tells_nothing_apart_divides_by_nothing() -> None:
    same = np.tile(unit_rows(np.random.default_rng(5), 1), (3, 1))
    portraits = [Portrait.of(same[:1], same)] * 4
    gallery, background = Gallery(portraits), Background(portraits, LETTERS, same)
    assert np.isfinite(background.scale.place(1.0))
    assert np.isfinite(background.standings(same, gallery.compare(same)).title).all()


def test_an_article_whose_letters_are_the_querys_stands_out() -> None:
    rng = np.random.default_rng(6)
    background = Background([a_portrait(rng)], LETTERS, unit_rows(rng, 9))
    near, far = background.letter_standings("printer jamed again", [LETTERS[1], LETTERS[0]])
    assert near > 2 > far
    assert np.isfinite(background.letter_standings("?!", LETTERS)).all()


class Index:
    """Portraits by article, noting how often they were asked for."""

    def __init__(self, *ids: str) -> None:
        rng = np.random.default_rng(0)
        self.portraits = {(one, "r"): a_portrait(rng) for one in ids}
        self.asked: list[list[Key]] = []
        self.backgrounds = Backgrounds(self.load, self.read, lambda: unit_rows(np.random.default_rng(1), 9))

    def read(self, wanted: Collection[Key]) -> dict[Key, Letters]:
        return {key: letters_of(key[0], "", "") for key in wanted}

    def load(self, wanted: Collection[Key]) -> dict[Key, Portrait]:
        self.asked.append(list(wanted))
        return {key: self.portraits[key] for key in wanted if key in self.portraits}


def test_a_background_is_made_once_for_as_long_as_its_sample_stays() -> None:
    index = Index("a", "b", "c")
    first = index.backgrounds.of(a_lexicon("a", "b"))
    assert index.backgrounds.of(a_lexicon("a", "b")) is first
    assert index.backgrounds.of(a_lexicon("a", "b", "c")) is not first
    assert len(index.asked) == 2


def test_what_a_reader_may_not_see_is_not_in_the_background() -> None:
    index = Index("a", "b", "secret")
    lexicon = a_lexicon("a", "b", "secret", hidden=("secret",))
    index.backgrounds.of(lexicon.seen_by(frozenset({EVERYONE})))
    assert {article_id for article_id, _ in index.asked[0]} == {"a", "b"}
    index.backgrounds.of(lexicon.seen_by(frozenset({EVERYONE, "hr"})))
    assert {article_id for article_id, _ in index.asked[1]} == {"a", "b", "secret"}


def test_an_empty_index_has_no_background() -> None:
    assert Index().backgrounds.of(Lexicon()) is None


def test_the_off_topic_tickets_are_many_and_each_its_own() -> None:
    tickets = off_topic_tickets()
    assert len(tickets) >= 180
    assert len(set(tickets)) == len(tickets)
    assert len(off_topic_digest()) == 64
