import json

import pytest

from agent.errors import DatasetError
from agent.evaluate.dataset import load_dataset


def write(folder, rows=None, meta=None):
    (folder / "pages").mkdir()
    lines = rows if rows is not None else [json.dumps({"id": "1", "text": "vpn", "expected": ["a"]})]
    (folder / "queries.jsonl").write_text("\n".join(lines))
    if meta is not None:
        (folder / "meta.json").write_text(meta)
    return folder


def test_reads_tickets_slices_and_the_clock(tmp_path):
    rows = [
        {"id": "1", "text": "a", "expected": ["x"]},
        {"id": "2", "text": "b", "expected": ["x"], "stale_at_as_of": True, "acceptable": ["y"]},
        {"id": "3", "text": "c", "expected": [], "soft": True},
        {"id": "4", "text": "d", "expected": [], "difficulty": "near"},
        {"id": "5", "text": "e", "expected": []},
    ]
    dataset = load_dataset(write(tmp_path, [json.dumps(row) for row in rows], '{"as_of": "2020-01-01"}'))
    assert [ticket.slice for ticket in dataset.tickets] == ["answerable", "stale", "soft", "near_miss", "off_topic"]
    assert str(dataset.as_of) == "2020-01-01"


@pytest.mark.parametrize(
    ("rows", "meta", "complaint"),
    [
        (["{}"], None, "line 1: id"),
        (['{"id": "1", "text": "a", "expected": ["x"]}', "not json"], None, "line 2"),
        ([], None, "holds no tickets"),
        (None, "[1]", "meta.json"),
        (None, '{"as_of": "soon"}', "YYYY-MM-DD"),
    ],
)
def test_says_which_line_is_wrong(tmp_path, rows, meta, complaint):
    with pytest.raises(DatasetError, match=complaint):
        load_dataset(write(tmp_path, rows, meta))


@pytest.mark.parametrize("missing", ["pages", "queries.jsonl"])
def test_says_which_part_is_missing(tmp_path, missing):
    (tmp_path / ("queries.jsonl" if missing == "pages" else "pages")).mkdir()
    with pytest.raises(DatasetError, match=f"has no {missing}"):
        load_dataset(tmp_path)
    with pytest.raises(DatasetError, match="not a folder"):
        load_dataset(tmp_path / "nowhere")
