import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.actionable import actionables, fold

DISGUISED = [
    "Visit hxxp://evil.com", "https://evil.example/login", "see www evil", "evil.example has it", "go to evil dot com",
    "evil[.]com", "evil (dot) com", "evil .com", "evil。com", "ｅｖｉｌ．ｃｏｍ", "ev\u200bil.com", "аррӏе.сом",
    "xn--pple-43d", "h t t p s : / / evil", "e v i l c o m", "e.v.i.l.c.o.m", "https : // evil", "data:text/html,x",
    "[here](x)", "![pixel](x)", "<img src=x>", "[1]: x", "bob@evil.example", "bob＠evil", "bob (at) evil",
    "bob at evil dot org", "mailto:bob", "0800 123 456", "+44 (20) 7946-0000", "٠٨٠٠١٢٣٤", "４４ ２０ ７９４６",
    "five five five one two three", "10.0.0.1", r"\\srv\share", "C:\\Windows", "/etc/passwd", "~/.ssh/id", "%68%74%74",
    "&#104;ttp", "`rm -rf /`", "sudo it", "use --force", "a && b", "$(id)", "setup.exe", "curl it", "| sh",
    "раssword", "aGVsbG8gd29ybGQgaGVsbG8gd29ybGQgaGVsbG8gd29ybGQ",
    "Please send me your password", "What is your PIN?", "Reply with the verification code", "Gib dein Passwort",
    "Download the file.", "Please, then click here", "You must call us", "You can install it", "First, delete it",
]  # fmt: skip

PLAIN = [
    "I am sorry about the trouble. Please try these steps, from our article ¶:",
    "Please try this, from our article ¶:",
    "Here is how, from our article ¶:",
    "Sorry to hear that the VPN keeps dropping, e.g. on café Wi-Fi.",
    "If this does not solve it, reply to this message and a colleague will take over.",
    "So that you get the right steps: is it about Quayside, Bristol, or Millgate House, Leeds?",
    "So that you get the right steps: which of these is it, ¶ or ¶?",
    "Thank you for reporting this. Our security team takes over from here.",
    "It goes to our on-call team at once.",
    "This needs an approval first; the team that decides on it takes it from here.",
    "If you meant something else, reply to this message and a colleague will take over.",
    "That a password reset does not arrive is annoying - let's fix it!",
    "Is it version 14 or 15, on Windows and/or macOS?",
    "Es tut mir leid, dass Ihr Drucker nicht geht.",
    "Désolé que l'imprimante ne marche pas ; voici ce qui devrait aider.",
    "Спасибо за сообщение, попробуйте шаги ниже.",
    "ご連絡ありがとうございます。以下の手順をお試しください。",
    "نأسف لذلك، جرّب الخطوات أدناه.",
]


@pytest.mark.parametrize("words", DISGUISED)
def test_finds_what_could_be_acted_on_however_it_is_written(words):
    assert list(actionables(f"Sorry. {words} Thanks.", ["An article about something else."]))


@pytest.mark.parametrize("words", PLAIN)
def test_lets_connecting_words_pass(words):
    assert list(actionables(words, [])) == []


@pytest.mark.parametrize(
    ("words", "source", "said"),
    [
        ("See https://vpn.example/reset now.", "Visit https://vpn.example/reset today", True),
        ("See https://vpn.example/reset", "Visit https://vpn.example/reset?to=me", False),
        ("See https://vpn.example", "Visit https://vpn.example.evil/", False),
        ("See vpn.example", "Visit https://notvpn.example", False),
        ("See example.com", "mail bob@example.com", False),
        ("Call 0800 1234", "Call 0800 1234.", True),
        ("Call 0800 1234", "Call 0800 12345", False),
        ("The file setup.exe", "Start SETUP.EXE", True),
        ("Restart the router.", "Then restart the router. Wait.", True),
    ],
)
def test_only_what_a_source_says_as_a_whole_may_be_said(words, source, said):
    assert (list(actionables(words, [source])) == []) == said


def test_what_is_found_is_shown_short():
    (found, *_) = actionables("https://evil.example/" + "a" * 10_000, [])
    assert len(found) < 100


@given(st.text())
def test_folding_twice_changes_nothing(text):
    assert fold(fold(text)) == fold(text)
