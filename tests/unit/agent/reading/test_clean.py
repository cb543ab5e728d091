import unicodedata

import pytest

from agent.reading import clean

UNSEEN = {
    "zero-width": range(0x200B, 0x2010),
    "line-and-direction": range(0x202A, 0x202F),
    "word-joiner": range(0x2060, 0x2065),
    "isolates": range(0x2066, 0x206A),
    "deprecated": range(0x206A, 0x2070),
    "variation-selectors": range(0xFE00, 0xFE10),
    "more-selectors": range(0xE0100, 0xE01F0),
    "tags": range(0xE0000, 0xE0080),
    "byte-order-mark": [0xFEFF],
    "soft-hyphen": [0xAD],
    "fillers": [0x115F, 0x1160, 0x3164, 0xFFA0, 0x2800],
    "private": [0xE000, 0xF8FF],
}


@pytest.mark.parametrize("codes", UNSEEN.values(), ids=UNSEEN)
def test_what_nobody_sees_is_stripped(codes):
    for code in codes:
        assert clean(f"VPN{chr(code)} drops") == "VPN drops", unicodedata.name(chr(code), hex(code))


@pytest.mark.parametrize("text", ["Zürich", "日本語", "مرحبا", "naïve café", "a\tb\nc", "100 €", "👍"])
def test_what_people_see_stays(text):
    assert clean(text) == text
