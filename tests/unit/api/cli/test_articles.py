import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.cli.articles import CSV_COLUMNS, FORMULA_TRIGGERS, defused, to_csv
from api.schemas import ArticleLineV1
from tests.unit.api.doubles import FakeRuntime


@pytest.mark.parametrize("trigger", ["=", "+", "-", "@", "\t", "\r", "\n"])
def test_every_formula_trigger_is_disarmed(trigger):
    assert defused(f"{trigger}HYPERLINK(1)") == f"'{trigger}HYPERLINK(1)"


def test_a_formula_behind_blanks_is_disarmed_too():
    assert defused("  =1+1") == "'  =1+1"


@given(st.text(alphabet=st.sampled_from("=+-@\t\r\n ,;\"'a1")))
def test_no_cell_is_a_formula_and_every_cell_reads_back(text):
    article = FakeRuntime().article("network/vpn", frozenset())
    line = ArticleLineV1.model_validate(article.model_dump(exclude={"text"}) | {"title": text, "owner": text})
    rows = list(csv.reader(io.StringIO(to_csv([line]), newline="")))
    assert [len(row) for row in rows] == [len(CSV_COLUMNS)] * 2
    assert not [cell for cell in rows[1] if cell.lstrip(" ").startswith(FORMULA_TRIGGERS)]
    assert rows[1][1].removeprefix("'") == text.removeprefix("'")
