import json

import pytest

from api import past_tickets
from api.errors import UsageError
from api.past_tickets import read_file
from index.models import PastTicket

QUOTED = "\n\nOn Mon, 3 Nov 2025 at 10:00, Ann <ann@example.com> wrote:\n> the earlier story"
TABLE = """\
ID,Subject,Body,Team,Priority,Tags,Opened by
A,VPN,"It drops,
again",Network,,vpn; remote,Tom
,,Toner,Print,P4,,
"""
NO_WORDS = "there are no words; expected `text`, or `subject` and `body`"
TWICE = "`text` excludes `subject` and `body`; expected one or the other"
NO_LABEL = "there is no label; expected at least one of: category, classification, priority, team, tags"


@pytest.fixture
def write(tmp_path):
    def written(text, name="past.jsonl"):
        path = tmp_path / name
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return path

    return written


def lines(*records):
    return "\n".join(json.dumps(record) for record in records)


def test_json_lines_are_read_with_every_label(write):
    full = {
        "id": "INC-1", "subject": "VPN", "body": "It drops.", "category": "network", "classification": "vpn",
        "priority": "P2", "team": "Network Operations", "tags": ["remote", "vpn"],
    }  # fmt: skip
    found = read_file(write(lines(full, {"id": 7, "text": "toner", "team": "Print"})))
    assert (found.mistakes, found.unused) == ((), ())
    assert found.tickets == (
        PastTicket("INC-1", "VPN\nIt drops.", "network", "vpn", "P2", "Network Operations", ("remote", "vpn")),
        PastTicket("7", "toner", team="Print"),
    )


@pytest.mark.parametrize("start", ["", "\ufeff"], ids=["plain", "with-a-byte-order-mark"])
def test_a_table_is_read_by_its_header(write, start):
    found = read_file(write(start + TABLE, "Export.CSV"))
    assert found.mistakes == ()
    assert found.unused == ("opened by",)
    assert found.tickets[0] == PastTicket("A", "VPN\nIt drops,\nagain", team="Network", tags=("vpn", "remote"))
    assert (found.tickets[1].text, found.tickets[1].priority) == ("Toner", "P4")


def test_words_are_scrubbed_and_what_they_quote_is_left_out(write):
    body = (
        "The portal is down. My password is Tr0ub4dor&3xyz and my mail is tom@example.com, as ever.\nDo hurry." + QUOTED
    )
    found = read_file(write(lines({"text": body, "team": "A"})))
    for secret in ("Tr0ub4dor", "tom@example.com", "the earlier story"):
        assert secret not in found.tickets[0].text


def test_a_ticket_without_an_id_gets_the_same_one_each_time(write):
    first, again = (read_file(write(lines({"text": "vpn drops", "team": team}))).tickets[0] for team in "AB")
    assert first.example_id == again.example_id


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "this is no JSON object"),
        ("[1]", "this is no JSON object"),
        ("[" * 100_000, "this is no JSON object"),
        (lines({"team": "A"}), NO_WORDS),
        (lines({"text": " ", "team": "A"}), NO_WORDS),
        (lines({"text": "a", "body": "b", "team": "A"}), TWICE),
        (lines({"text": "a", "team": " "}), NO_LABEL),
        (lines({"text": "a", "priority": "high"}), "priority: expected 'P1', 'P2', 'P3' or 'P4'"),
        (lines({"text": "a", "team": "x" * 101}), "team: String should have at most 100 characters"),
        (lines({"text": "a", "team": {}}), "team: expected a string"),
        (lines({"text": "a\0", "team": "A"}), "holds NUL"),
    ],
    ids=[
        "cut-short", "no-object", "nested", "no-words", "blank-words", "text-and-body", "no-label", "priority",
        "long-label", "label-of-a-kind", "binary",
    ],
)  # fmt: skip
def test_a_mistake_is_named_with_its_line(write, text, message):
    found = read_file(write(f"\n{text}\n"))
    assert [(one.line, one.message) for one in found.mistakes if message in one.message] == [
        (2, found.mistakes[0].message)
    ]
    assert found.tickets == ()


def test_an_id_that_comes_twice_is_a_mistake(write):
    found = read_file(write(lines({"id": "A", "text": "x", "team": "T"}, {"id": "A", "text": "y", "team": "T"})))
    assert [(one.line, one.message) for one in found.mistakes] == [(2, "'A' is on line 1 already")]


@pytest.mark.parametrize(
    ("row", "message"),
    [("x", "1 cells, expected 2 as in the header"), ('"x,A', "the table cannot be read: unexpected end of data")],
    ids=["too-few-cells", "open-quote"],
)
def test_a_row_that_does_not_fit_is_named_with_its_line(write, row, message):
    found = read_file(write(f"text,team\nfine,A\n{row}\n", "t.csv"))
    assert [(one.line, one.message) for one in found.mistakes] == [(3, message)]


@pytest.mark.parametrize(
    ("content", "message"),
    [(b"\xff\xfe\x00", r"is not UTF-8 \(byte 0\)"), (b"x" * 101, "larger than 100 bytes")],
    ids=["utf-16", "large"],
)
def test_a_file_that_cannot_be_read_at_all_says_what_to_do(write, monkeypatch, content, message):
    monkeypatch.setattr(past_tickets, "MOST_BYTES", 100)
    with pytest.raises(UsageError, match=message):
        read_file(write(content))


def test_a_missing_file_is_wrong_use(tmp_path):
    with pytest.raises(UsageError, match="No such file"):
        read_file(tmp_path / "none.jsonl")
