import pytest

from agent.errors import EmptyTicketError, TicketError
from agent.reading import read_mail

INNER = "Content-Type: text/plain\nSubject: VPN\n\nIt drops."


def a_multipart(kind, *parts):
    body = "".join(f"--b\n{part}\n" for part in parts)
    return f"Subject: s\nMIME-Version: 1.0\nContent-Type: multipart/{kind}; boundary=b\n\n{body}--b--\n"


def test_a_mail_attached_to_a_mail_is_read_as_forwarded():
    raw = a_multipart("mixed", "Content-Type: text/plain\n\nsee below", f"Content-Type: message/rfc822\n\n{INNER}")
    assert "It drops." in read_mail(raw).text


def test_a_stub_of_plain_text_gives_way_to_the_html():
    html = "<p>" + "The VPN drops on the hotel wifi every few minutes. " * 3 + "</p>"
    plain = "Content-Type: text/plain\n\nYour program shows no HTML."
    assert read_mail(a_multipart("alternative", plain, f"Content-Type: text/html\n\n{html}")).text.startswith("The VPN")


@pytest.mark.parametrize(
    "head",
    [
        'attachment; filename="a.exe"',
        "attachment; filename*=utf-8''%C3%A4.pdf",
        "attachment",
        'inline; filename="x.png"',
    ],
)
def test_attachments_are_named_and_not_read(head):
    mail = read_mail(
        a_multipart(
            "mixed", "Content-Type: text/plain\n\nhi", f"Content-Type: text/plain\nContent-Disposition: {head}\n\nMZ"
        )
    )
    assert len(mail.attachments) == 1
    assert "MZ" not in mail.text


@pytest.mark.parametrize(
    ("raw", "error"),
    [
        ("no headers at all", TicketError),
        ("Subject: \n\n \n", EmptyTicketError),
        ("Subject: s\nContent-Type: multipart/encrypted; boundary=b\n\n--b--", TicketError),
        ("Subject: s\nContent-Type: application/pkcs7-mime\n\nAAAA", TicketError),
    ],
    ids=["no-headers", "empty", "pgp", "smime"],
)
def test_a_mail_that_says_nothing_is_an_error(raw, error):
    with pytest.raises(error):
        read_mail(raw)


@pytest.mark.parametrize(
    "raw",
    [
        "Subject: =?utf-8?b?!!!?=\n\nVPN",
        "Subject: s\nContent-Type: multipart/mixed; boundary=\n\nVPN",
        "Subject: s\nContent-Type: multipart/mixed; boundary=b\n\nVPN, and no part",
        "Subject: s\nContent-Transfer-Encoding: base64\n\n####",
        "Subject: s\nContent-Type: text/plain; charset*0=utf; charset*1=8\n\nVPN",
        "Subject: s\nFrom: @\nTo: <<>>\nDate: x\n\nVPN",
        "From ann Fri Nov 20\nSubject: s\n\nVPN",
        "Subject: s\nContent-Disposition: ;;;filename=\n\nVPN",
    ],
)
def test_a_broken_mail_is_read_as_far_as_it_goes(raw):
    assert read_mail(raw)
