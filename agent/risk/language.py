"""A ticket's text enters, the language it is plainly written in leaves; none where that cannot be told."""

import re
import unicodedata
from collections import Counter
from typing import Final

_WORD = re.compile(r"[^\W\d_]+")

_SCRIPTS: Final = {
    "CYRILLIC": "ru",
    "HIRAGANA": "ja",
    "KATAKANA": "ja",
    "CJK": "zh",
    "HANGUL": "ko",
    "DEVANAGARI": "hi",
    "ARABIC": "ar",
    "GREEK": "el",
    "HEBREW": "he",
    "THAI": "th",
}
"""First word of a letter's Unicode name, and the language most often written so."""

_COMMON: Final = {
    "en": "the and is to of my in for on it i you not are have this that with was can please be at",
    "de": "der die das und ist ich nicht mein meine mit ein eine auf für sie wir von zu den kann bitte wie im",
    "fr": "le la les et est je ne pas mon ma mes une un des pour avec sur vous nous dans que du merci ce",
    "es": "el la los y es no mi un una por para con que en se al del las puedo favor está mis lo",
    "it": "il la le e è non mio mia un una per con che di del della sono si mi nel ho gli come",
    "pt": "o a os e é não meu minha um uma por para com que do da em no na está meus as como",
    "nl": "de het een en is niet mijn met op van voor ik we dat te zijn kan er naar hoe aan",
    "pl": "i w nie na się z do jest to mój moja proszę jak że o po mam mogę dla",
    "sv": "och är inte min mitt med på för jag det en ett att som av kan vi har till hur",
    "tr": "ve bir bu için benim ile ne değil var yok nasıl mi da de lütfen çok",
    "cs": "a je se na v že to mi jsem jak pro nemohu prosím s do můj moje nejde",
}
_BY_WORD: Final = {
    word: [language for language, words in _COMMON.items() if word in words.split()]
    for word in {word for words in _COMMON.values() for word in words.split()}
}

MIN_COMMON_WORDS = 2
"""So many of a language's commonest words must be there; fewer are chance, or a name."""


def foreign_language(text: str, allowed: tuple[str, ...]) -> str | None:
    """Name the language of a text that is plainly in none of the allowed ones.

    Args:
        text: Any text.
        allowed: Language codes, such as `en`.

    Returns:
        A code, or `None` for an allowed language, and where too little speaks for any.
    """
    letters = [letter for letter in text if letter.isalpha()]
    scripts = Counter(script for letter in letters if (script := _script(letter)))
    if scripts and 2 * scripts.total() > len(letters):
        language = "ja" if {"HIRAGANA", "KATAKANA"} & scripts.keys() else _SCRIPTS[scripts.most_common(1)[0][0]]
        return None if language in allowed else language
    counts = Counter(language for word in _WORD.findall(text.lower()) for language in _BY_WORD.get(word, ()))
    at_home = max((counts[language] for language in allowed), default=0)
    abroad = [(count, language) for language, count in counts.items() if language not in allowed]
    count, language = max(abroad, default=(0, ""))
    return language if count >= MIN_COMMON_WORDS and count > 2 * at_home else None


def _script(letter: str) -> str | None:
    if letter < "\u0370":
        return None
    first = unicodedata.name(letter, "").split(" ", 1)[0]
    return first if first in _SCRIPTS else None
