"""A query enters; the sentences of it that are worth searching by themselves leave."""

import re
from collections.abc import Callable

from index.lexicon import Lexicon
from index.models import TermIds

MAX_SENTENCES = 6
"""Each costs the model about a tenth of a long ticket; more than so many seldom say anything new."""

_CONSIDERED = 60
"""Of a long thread, so many sentences are looked at, half from its beginning and half from its end."""

_MIN_CHARS = 12
_END = re.compile(r"(?<=[.!?])\s+|\n+")


def telling_sentences(query: str, lexicon: Lexicon, terms_of: Callable[[str], TermIds]) -> list[str]:
    """Pick the sentences that say most, by the weight of the words that the knowledge base knows.

    A thread says in one turn what it is about and much else in the others; its sentences are found apart.

    Args:
        query: The text of a ticket or a search.
        lexicon: The terms of all articles.
        terms_of: Gives the terms of a text.

    Returns:
        At most `MAX_SENTENCES`, in the order they are said; none of a query that is one sentence.
    """
    sentences = list(dict.fromkeys(part for part in map(str.strip, _END.split(query)) if len(part) >= _MIN_CHARS))
    if len(sentences) < 2:
        return []
    if len(sentences) > _CONSIDERED:
        sentences = sentences[: _CONSIDERED // 2] + sentences[-_CONSIDERED // 2 :]
    if len(sentences) > MAX_SENTENCES:
        weights = [lexicon.known_mass(terms_of(sentence)) for sentence in sentences]
        chosen = sorted(range(len(sentences)), key=lambda place: -weights[place])[:MAX_SENTENCES]
        sentences = [sentences[place] for place in sorted(chosen)]
    return sentences
