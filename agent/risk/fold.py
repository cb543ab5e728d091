"""A ticket's text enters; its sentences leave as plain words, disguises undone, for patterns and exemplars.

Letters that look Latin, digits for letters, letters set apart and invisible characters are how a word is hidden from a
filter and still read by a person.
"""

import re
import unicodedata
from collections.abc import Iterable
from typing import Final

MAX_SENTENCE_WORDS = 40
"""A longer sentence is cut there: what is said in it would drown in the rest."""

_LOOKALIKES: Final = str.maketrans(
    "абвгдезиклмнорстухуѕіјԁӏһԛԝαβγδεικνορτυχωϲ",
    "abbrde3uklmhopctyxysijdlhqwabydeiknoptuxwc",
)
"""Cyrillic and Greek letters that pass for Latin ones; lower case, as folding comes first."""

_PLAIN: Final = str.maketrans(
    {"ß": "ss", "æ": "ae", "œ": "oe", "ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "ı": "i", "ŀ": "l", "ƒ": "f"}
)
_LEET: Final = str.maketrans("013457@$!", "oieastasi")
_INVISIBLE: Final = frozenset({"Cf", "Cc", "Cs", "Co", "Cn"})

_ENDS = re.compile(r"[.!?。！？؟।…]+(?=\s|$)|[。！？]|\n+|;\s|\s[-–—]+\s|[•·]")
_APOSTROPHES = re.compile(r"(?<=\w)['’‘`´ʼ](?=\w)")
_JOINERS = re.compile(r"(?<=[^\W_])[-_/‐‑–—](?=[^\W_])")
_OTHER = re.compile(r"[^\w\s@$.:/\\*+#%&=-]|(?<=\w)[.:]+(?=\s|$)|(?<!\S)[-.:/*+#=]+(?=\s|$)")
_SPELT = re.compile(r"(?<![^\W_])(?:[^\W\d_][ .*_|-]){3,40}[^\W\d_](?![^\W_])")
_STRETCHED = re.compile(r"([^\W\d_])\1{2,}")
_DISGUISED = re.compile(r"(?=[^\s]*[a-z])(?=[^\s]*[0-9@$!])[a-z0-9@$!]{4,24}")
_ADDRESS = re.compile(r"\S+@\S+\.\S+|\S+://\S+")


def sentences(text: str) -> tuple[str, ...]:
    """Cut a text into folded sentences.

    Args:
        text: Any text.

    Returns:
        Words separated by one space each, lower case, Latin accents and apostrophes gone, without empty sentences.
    """
    opened = _SPELT.sub(lambda found: re.sub(r"[ .*_|-]", "", found[0]), _visible(text))
    cut = (fold_words(part) for part in _ENDS.split(opened))
    return tuple(short for part in cut if part for short in _shorten(part))


def fold_words(text: str) -> str:
    """Fold one sentence, or a phrase to compare with one; see `sentences`."""
    plain = fold_letters(text)
    plain = _APOSTROPHES.sub("", plain)
    plain = _JOINERS.sub(" ", plain)
    return " ".join(_OTHER.sub(" ", plain).split())


def fold_letters(text: str) -> str:
    """Return a text in lower case, without compatibility forms and Latin accents, lookalikes as Latin."""
    folded = unicodedata.normalize("NFKC", text).casefold().translate(_PLAIN)
    if folded.isascii():
        return folded
    bare = "".join(map(_bare, folded))
    latin = sum("a" <= letter <= "z" for letter in bare)
    foreign = sum(letter.isalpha() and not letter.isascii() for letter in bare)
    return bare.translate(_LOOKALIKES) if latin > foreign else _mixed_words(bare)


def undisguise(sentence: str) -> str:
    """Read a folded sentence as a person reads "ph1sh1ng" and "haaacked".

    Args:
        sentence: Of `sentences`.

    Returns:
        The sentence with digits and signs inside words as the letters they stand for, stretched letters as one.
    """
    return " ".join(_reveal(word) for word in sentence.split(" "))


class Speller:
    """Puts a misspelt word right where it is one slip away from a word that carries risk."""

    def __init__(self, words: Iterable[str], known: Iterable[str]) -> None:
        """Learn the words.

        Args:
            words: Words that carry risk; the short ones are left out, as a slip turns them into others.
            known: Words that are right as they are.
        """
        self._known = frozenset(known)
        self._by_slip: dict[str, str] = {}
        for word in sorted(set(words)):
            if len(word) >= 6 and word.isalpha():
                for slip in _slips(word):
                    self._by_slip.setdefault(slip, word)

    def mend(self, sentence: str) -> str:
        """Return a folded sentence with its misspelt words put right."""
        return " ".join(self._right(word) for word in sentence.split(" "))

    def _right(self, word: str) -> str:
        if len(word) < 5 or word in self._known or not word.isalpha():
            return word
        for slip in _slips(word):
            found = self._by_slip.get(slip)
            if found is not None and abs(len(found) - len(word)) <= 1 and found[0] == word[0]:
                return found
        return word


def _slips(word: str) -> Iterable[str]:
    """Yield the word and the word without each of its letters; two words one slip apart share one of these."""
    yield word
    for place in range(len(word)):
        yield word[:place] + word[place + 1 :]


def _visible(text: str) -> str:
    if text.isascii():
        return text
    return "".join(c for c in text if c in "\n\t" or unicodedata.category(c) not in _INVISIBLE)


def _bare(letter: str) -> str:
    if letter.isascii():
        return letter
    base = unicodedata.normalize("NFD", letter)[0]
    return base if base.isascii() else letter


def _mixed_words(text: str) -> str:
    words = text.split(" ")
    return " ".join(word.translate(_LOOKALIKES) if re.search("[a-z]", word) else word for word in words)


def _reveal(word: str) -> str:
    if _DISGUISED.fullmatch(word) and sum(letter.isalpha() for letter in word) >= 3 and not _ADDRESS.match(word):
        word = word.translate(_LEET)
    return _STRETCHED.sub(r"\1", word)


def _shorten(sentence: str) -> Iterable[str]:
    words = sentence.split(" ")
    for start in range(0, len(words), MAX_SENTENCE_WORDS):
        yield " ".join(words[start : start + MAX_SENTENCE_WORDS])
