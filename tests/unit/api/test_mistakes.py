import pytest
from pydantic import ValidationError

from api.mistakes import describe_mistakes
from api.schemas import TicketIn


@pytest.mark.parametrize(
    ("ticket", "said"),
    [
        ('{"text": "a", "prio": 1}', "prio: no such field"),
        ('{"text": 5}', "text: expected a string"),
        ('{"text": "a", "channel": "fax"}', "channel: expected 'email', 'chat', 'web', 'phone', 'webhook' or 'api'"),
        ('{"text": "a", "requester": []}', "requester: expected a JSON object"),
        ("[]", "expected a JSON object"),
        (
            '{"text": " "}',
            (
                "the ticket is empty: give one of `text`, `subject` and `body`, `email`, or `messages` "
                "(which may have a `subject`)"
            ),
        ),
        ('{"text": "a"', "invalid JSON: EOF while parsing an object at line 1 column 12"),
    ],
)
def test_a_mistake_is_said_in_plain_words(ticket, said):
    with pytest.raises(ValidationError) as caught:
        TicketIn.model_validate_json(ticket)
    assert describe_mistakes(caught.value.errors()) == (said,)
