import numpy as np
import pytest

from index.lexicon import ArticleTerms, Lexicon
from index.sentences import MAX_SENTENCES, telling_sentences
from index.store.bm25 import TermEncoder
from ingest.models import EVERYONE

TERMS = TermEncoder()
KNOWN = TERMS.terms("printer jam paper tray vpn tunnel drops certificate")
LEXICON = Lexicon().changed(1, [ArticleTerms("a", "r", KNOWN, np.zeros(0, dtype=np.uint32), (EVERYONE,))], [])


@pytest.mark.parametrize(
    ("query", "sentences"),
    [
        ("", []),
        ("The printer jams.", []),
        ("The printer jams. It is on floor 2.", ["The printer jams.", "It is on floor 2."]),
        ("Printer jams again\nSince the update of Monday", ["Printer jams again", "Since the update of Monday"]),
        ("Hi!\n\nThanks.\n\nThe VPN tunnel drops on wifi", []),
        ("The VPN drops. The VPN drops. Please help me soon", ["The VPN drops.", "Please help me soon"]),
        ("node.example.com is down since v1.2.3 was rolled out", []),
    ],
    ids=["empty", "one", "two", "lines", "greetings_are_none", "said_twice", "dots_within_names"],
)
def test_a_query_of_several_sentences_is_taken_apart(query: str, sentences: list[str]) -> None:
    assert telling_sentences(query, LEXICON, TERMS.terms) == sentences


def test_of_a_thread_the_turns_that_say_something_are_kept_in_order() -> None:
    chatter = [f"I shall call you back later, number {n}" for n in range(80)]
    chatter[3] = "The paper tray of the printer jams"
    chatter[70] = "Now the VPN tunnel drops, too"
    found = telling_sentences("\n".join(chatter), LEXICON, TERMS.terms)
    assert len(found) == MAX_SENTENCES
    places = [chatter.index(sentence) for sentence in found]
    assert places == sorted(places)
    assert {3, 70} <= set(places)
