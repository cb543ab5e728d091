import json
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel

from api.cli.terminal import clean, json_text, one_line, shown


class Said(BaseModel):
    text: str


@pytest.mark.parametrize(
    ("hostile", "left"),
    [
        ("\x1b[31mred\x1b[0m", "red"),
        ("\x1b]8;;https://evil.example\x07click\x1b]8;;\x07", "click"),
        ("\x1b]0;title\x1b\\after", "after"),
        ("\x9b2Jgone", "gone"),
        ("\x1b]0;never ended, so it must not swallow this", "0;never ended, so it must not swallow this"),
        ("a\x08\x08b\x00c", "abc"),
        ("over\rwritten", "overwritten"),
        ("\u202egnp.exe", "gnp.exe"),
        ("two\r\nlines", "two\nlines"),
        ("\ud800", "\ufffd"),
    ],
)
def test_nothing_is_left_that_a_terminal_obeys(hostile, left):
    assert clean(hostile) == left


@given(st.text(alphabet=st.characters(codec=None) | st.sampled_from("\x1b[]0;m\x07\x9b\\")))
def test_cleaned_text_holds_no_control_character(text):
    kept = clean(text)
    assert not [c for c in kept if unicodedata.category(c) in ("Cc", "Cs") and c != "\n"]
    assert clean(kept) == kept


def test_markup_in_a_ticket_is_text():
    assert shown("[bold red]x[/]").plain == "[bold red]x[/]"


def test_a_line_stays_one_line():
    assert one_line(" a\n b\tc ") == "a b c"


@given(st.text())
def test_json_reads_back_the_same_and_holds_nothing_a_terminal_obeys(text):
    written = json_text(Said(text=text))
    assert json.loads(written) == {"text": text}
    assert not [c for c in written if unicodedata.category(c) == "Cc" and c != "\n"]
