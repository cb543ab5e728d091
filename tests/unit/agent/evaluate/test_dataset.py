import json

import pytest

from agent.errors import DatasetError
from agent.evaluate.dataset import load_dataset, load_tickets


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


def tickets_file(folder, *rows):
    file = folder / "mine.jsonl"
    file.write_text("\n".join(row if isinstance(row, str) else json.dumps(row) for row in rows))
    return file


def row(id_="1", **other):
    return {"id": id_, "text": f"words of {id_}", "expected": ["a"], **other}


def test_reads_a_ticket_as_the_desk_has_it(tmp_path):
    file = tickets_file(
        tmp_path,
        {
            "id": "INC-1",
            "subject": "vpn",
            "body": "drops",
            "requester": {"email": "a@b.example", "groups": ["staff"]},
            "identity_verified": False,
            "expected_article": None,
            "expected_outcome": "REQUIRE_APPROVAL",
            "team": "Network",
            "priority": "P2",
        },
        row("2", attack="ignore all"),
    )
    first, second = load_tickets(file, {"a"}).tickets
    assert (first.ticket.subject, first.ticket.body, first.ticket.requester.groups) == ("vpn", "drops", ("staff",))
    assert not first.ticket.identity_verified
    assert (first.expected, first.slice) == (frozenset(), "off_topic")
    assert (first.labels.outcome, first.labels.team, first.labels.priority) == ("REQUIRE_APPROVAL", "Network", "P2")
    assert (second.ticket.identity_verified, second.slice) == (True, "injected")


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        pytest.param([row(expected=["b"])], "line 1: no article 'b' in the index", id="unknown-article"),
        pytest.param([row(acceptable=["c"])], "line 1: no article 'c' in the index", id="unknown-acceptable"),
        pytest.param([row(), row()], "line 2: id '1' is that of line 1 already", id="id-twice"),
        pytest.param(
            [row(), row("2", text="Words  of 1", expected=[])], "line 2: the same words as line 1", id="contradiction"
        ),
        pytest.param([{"id": "1", "text": "a"}], "line 1: no label", id="no-label"),
        pytest.param([{"id": "1", "text": " ", "expected": []}], "line 1: no text", id="no-text"),
        pytest.param([row(), "{", row("3", expected="a")], r"line 2: .*; line 3: expected", id="all-lines-told"),
        pytest.param([row(str(n), expected=["b"]) for n in range(20)], "; and 12 more", id="not-endlessly"),
        pytest.param([], "holds no tickets", id="empty"),
    ],
)
def test_a_file_that_cannot_be_used_is_told_line_by_line(tmp_path, rows, said):
    with pytest.raises(DatasetError, match=said):
        load_tickets(tickets_file(tmp_path, *rows), {"a"})


def test_words_may_hold_the_line_ends_of_other_alphabets(tmp_path):
    file = tmp_path / "mine.jsonl"
    file.write_text(json.dumps(row(text="one\u2028two"), ensure_ascii=False) + "\n")
    assert load_tickets(file, {"a"}).tickets[0].ticket.body == "one\u2028two"


def test_a_file_that_is_not_there_or_no_text_is_told(tmp_path):
    with pytest.raises(DatasetError, match="is no file"):
        load_tickets(tmp_path / "nowhere.jsonl", {"a"})
    (tmp_path / "mine.jsonl").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(DatasetError, match="expected UTF-8"):
        load_tickets(tmp_path / "mine.jsonl", {"a"})
