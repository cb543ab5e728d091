import io
import json

from agent.errors import EmptyTicketError
from agent.reading import MAX_TICKET_BYTES
from api.batch import BadLineV1, answer_lines
from api.convert import to_decision
from api.schemas import DecisionV1
from tests.unit.api.doubles import a_decision


def answers(content: bytes, decide=None) -> list[DecisionV1 | BadLineV1]:
    seen = []

    def accept(ticket):
        seen.append(ticket)
        return to_decision(a_decision(decision_id=ticket.text or ""))

    return list(answer_lines(io.BytesIO(content), decide or accept))


def line(**fields) -> bytes:
    return json.dumps(fields).encode() + b"\n"


def test_answers_come_in_the_order_of_the_lines():
    got = answers(b"".join(line(text=f"ticket {n}") for n in range(5)))
    assert [one.decision_id for one in got] == [f"ticket {n}" for n in range(5)]


def test_bad_lines_give_errors_in_their_places():
    content = line(text="a") + b"not json\n" + line(txt="b") + b"\xff\xfe\n" + b"[]\n" + b"\n" + line(text="last")
    got = answers(content)
    assert [getattr(one, "line", None) for one in got] == [None, 2, 3, 4, 5, 6, None]
    assert got[2].error.detail.startswith("txt: no such field")


def test_an_error_does_not_repeat_the_ticket():
    (got,) = answers(line(text="a", extra="hunter2secret"))
    assert isinstance(got, BadLineV1)
    assert "hunter2secret" not in got.error.detail


def test_a_line_that_is_too_long_spoils_only_itself():
    got = answers(line(text="x" * (3 * MAX_TICKET_BYTES)) + line(text="after"))
    assert isinstance(got[0], BadLineV1)
    assert (got[0].error.type, got[1].decision_id) == ("too_large", "after")


def test_the_longest_line_allowed_is_read():
    frame = len(line(text="")) - 1
    (got,) = answers(line(text="x" * (MAX_TICKET_BYTES - frame)))
    assert isinstance(got, DecisionV1)
    (over,) = answers(line(text="x" * (MAX_TICKET_BYTES - frame + 1)))
    assert isinstance(over, BadLineV1)


def test_empty_lines_at_the_end_do_not_count_and_the_last_needs_no_line_feed():
    assert len(answers(line(text="a") + line(text="b").strip())) == 2
    assert len(answers(line(text="a") + b"\n \n\n")) == 1


def test_a_byte_order_mark_is_no_mistake():
    (got,) = answers(b"\xef\xbb\xbf" + line(text="a"))
    assert isinstance(got, DecisionV1)


def test_a_ticket_that_cannot_be_read_is_a_bad_line():
    def decide(_ticket):
        raise EmptyTicketError("nothing but a signature")

    (got,) = answers(line(text="--"), decide)
    assert got.error.detail == "nothing but a signature"
