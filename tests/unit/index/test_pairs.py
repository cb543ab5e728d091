from collections.abc import Mapping

import pytest

from index.lexicon import ArticleTerms, Lexicon
from index.pairs import Pair, find_pairs, page_of
from index.store.bm25 import TermEncoder
from ingest.models import Article, RawDocument
from ingest.read import read

ENCODER = TermEncoder()
VPN = "---\nsymptoms: [vpn drops every few minutes]\n---\n# {title}\n\n{steps}\n"
RESTART = "1. Open Preferences.\n2. Restart the client.\n3. Sign in again."
DRIVER = "1. Remove the network driver with pnputil.\n2. Install version 9 from the portal."
OTHERS = {f"other/{n}": f"# Topic {n}\n\nAll about subject{n} and matter{n}.\n\n1. Do thing{n}.\n" for n in range(12)}


def pairs_of(pages: Mapping[str, str], among=None) -> tuple[Pair, ...]:
    articles = {key: read(RawDocument(key, "s", "text/markdown", text.encode(), key)) for key, text in pages.items()}
    lexicon = Lexicon().changed(0, [terms_of(article) for article in articles.values()], ())
    return find_pairs(lexicon, lambda key: page_of(articles[key]), among)


def terms_of(article: Article) -> ArticleTerms:
    head = "\n".join((article.title, *article.metadata.symptoms))
    return ArticleTerms(article.article_id, "r", ENCODER.terms(f"{head}\n{article.text}"), ENCODER.terms(head), ("*",))


@pytest.mark.parametrize(
    ("first", "second", "kind"),
    [
        pytest.param(
            VPN.format(title="VPN drops", steps=RESTART),
            VPN.format(title="Unstable tunnel", steps=DRIVER),
            "contradiction",
            id="one symptom, two cures",
        ),
        pytest.param(
            "# VPN drops on hotel Wi-Fi\n\n" + RESTART,
            "# VPN drops on Wi-Fi in a hotel\n\n" + DRIVER,
            "contradiction",
            id="one title, two cures",
        ),
        pytest.param(
            VPN.format(title="VPN drops", steps=RESTART),
            VPN.format(title="VPN drops", steps=RESTART + "\n4. Done."),
            "near-duplicate",
            id="a copy with a line more",
        ),
        pytest.param(
            "# VPN drops on hotel Wi-Fi\n\n" + RESTART, "# Printer jams\n\n" + DRIVER, None, id="two different things"
        ),
        pytest.param(
            "# VPN drops on hotel Wi-Fi\n\n" + RESTART,
            "# VPN drops on hotel Wi-Fi\n\nNobody has written down yet what helps.\n",
            None,
            id="one has no steps to contradict",
        ),
    ],
)
def test_two_articles_make_a_pair_or_none(first: str, second: str, kind: str | None) -> None:
    pairs = pairs_of({"a/one": first, "b/two": second, **OTHERS})
    assert [(pair.kind, pair.first, pair.second) for pair in pairs] == ([(kind, "a/one", "b/two")] if kind else [])


def test_only_pairs_with_a_wanted_article_are_looked_for() -> None:
    pages = {"a": VPN.format(title="VPN drops", steps=RESTART), "b": VPN.format(title="VPN", steps=DRIVER), **OTHERS}
    everything = pairs_of(pages)
    assert len(everything) == 1
    assert pairs_of(pages, {"a"}) == pairs_of(pages, {"b"}) == everything
    assert pairs_of(pages, {"other/1"}) == pairs_of(pages, set()) == ()


@pytest.mark.parametrize("count", [0, 1])
def test_an_article_alone_makes_no_pair(count: int) -> None:
    assert pairs_of(dict(list(OTHERS.items())[:count])) == ()


def test_each_of_a_pair_is_told_of_the_other() -> None:
    pair = Pair("contradiction", "a", "b", 0.9)
    assert (pair.said_of("a"), pair.said_of("b")) == (
        "the same symptoms as b, and other steps",
        "the same symptoms as a, and other steps",
    )
