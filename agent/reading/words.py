"""A requester's words enter; their summary and how much they say leave. Without a model."""

import re

SUMMARY_CHARS = 100

_WORD = re.compile(r"[^\W_]{2,}")
_FILLER_WORDS = """
    a about after all am an and any anybody anyone are as asap at be been broke broken but by can cannot cant could day
    dear did do does doesn doing don dont down error everything failed failing fix for from get got had has have having
    he hello help her hey hi him his how if in is isn issue it its just kind know me morning my need not nothing now of
    off on or our out please problem problems quick really regards s she so some something somebody someone stopped
    stuff sure t team thank thanks that the their them then there they thing things this to today trouble up urgent us
    very was wasn we were what when where which who why will with won work worked working works would wrong you your
"""
_FILLER = frozenset(_FILLER_WORDS.split())


def summarise(text: str) -> str:
    """Return one line of at most `SUMMARY_CHARS` characters."""
    first = text.split("\n", 1)[0].strip()
    return first if len(first) <= SUMMARY_CHARS else first[: SUMMARY_CHARS - 1].rsplit(" ", 1)[0] + "…"


def count_content_words(text: str) -> int:
    """Count the different words that say what a ticket is about."""
    return len({word for word in map(str.lower, _WORD.findall(text)) if word not in _FILLER})
