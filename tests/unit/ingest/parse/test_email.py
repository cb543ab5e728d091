import pytest

from ingest.errors import ParseError
from ingest.parse.email import parse_email
from tests.office_files import STEPS, eml


@pytest.mark.parametrize(("html", "first"), [(True, 3), (False, 1)])
def test_the_body_keeps_the_numbers_of_its_steps(html, first):
    parsed = parse_email(eml(html=html))
    steps = {block.number: parsed.text[block.start : block.end] for block in parsed.blocks if block.kind == "step"}
    assert steps == dict(enumerate(STEPS, first))
    assert parsed.title == "VPN drops"
    assert parsed.warnings == ("attachments are not read: 'screen.png'; save them beside the e-mail",)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"Subject: x\n\n", "no text body"),
        (b"Content-Type: application/pkcs7-mime\n\nMIIB", "encrypted"),
        (b"Content-Type: image/png\n\nabc", "no text body"),
        (b"Content-Type: text/plain; charset=x-none\n\nabc", "cannot be decoded"),
    ],
)
def test_a_message_without_a_readable_body_is_refused(content, said):
    with pytest.raises(ParseError, match=said):
        parse_email(content)
