"""What scrubbing finds and spares, and how long the worst text keeps the reading of a ticket busy."""

import json
import re
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from statistics import median

from agent.errors import EmptyTicketError
from agent.models import Ticket
from agent.reading import alert, read_ticket, tone, words
from agent.reading.alert import is_alert
from agent.reading.answering import without_answering
from agent.reading.chat import parse_transcript
from agent.reading.form import parse_form
from agent.reading.html import html_to_text, is_html
from agent.reading.replies import split_mail
from agent.reading.tone import sentiment_of
from agent.scrub import addresses, keys, numbers, passwords, phones, scrub
from agent.scrub.addresses import find_addresses
from agent.scrub.keys import find_keys
from agent.scrub.numbers import find_numbers
from agent.scrub.passwords import find_passwords
from agent.scrub.phones import find_phones
from benchmarks.figure import Figure, eval_data
from tests.seeded_secrets import FORMATS, planted

TICKETS = 500
ADVERSARIAL_CHARS = 50_000
MAX_MS = 50
SAMPLES = Path(__file__).resolve().parent.parent / "kb_samples" / "tickets.jsonl"
COMMAND = "`python -m benchmarks.reading`"

# Run over what another pattern has cut out, never over a whole text.
OF_SHORT_TEXTS = frozenset(
    ["_PLACEHOLDER", "_ORDINARY", "_ORDINARY_ENDING", "_CARD_BRANDS", "_NOT_A_PHONE", "_NORTH_AMERICA"]
) | {"_GROUPED", "_SEPARATOR", "_CUE", "_DOMAIN", "_KEY_LINES", "_ALERT"}

PARTS: dict[str, Callable[[str], object]] = {
    "keys": lambda text: list(find_keys(text)),
    "passwords": lambda text: list(find_passwords(text)),
    "numbers": lambda text: list(find_numbers(text)),
    "addresses": lambda text: list(find_addresses(text)),
    "phones": lambda text: list(find_phones(text)),
    "chat": parse_transcript,
    "form": parse_form,
    "mail": split_mail,
    "forwarded mail": lambda text: split_mail(text, "Fwd: x"),
    "alert": is_alert,
    "answering": without_answering,
    "tone": sentiment_of,
    "html": lambda text: html_to_text(text) if is_html(text) else None,
}

# Each is repeated: what a pattern begins with and never ends, and what many patterns begin with.
SEEDS = (
    "a", "a ", "1", "1 ", "1-", "1.", "1/", "é", "\n", " ", "\t", "-", "- ", "_", "*", "**", ">", "> ", ">> ", "?",
    "!", "=:", '"', '"a', "'", "[", "(", "<", "@", "a@", "a@a.", "a.", ".", "pw ", "password ", "password for a ",
    "password to password ", "pw is ", "pin is ", "api_key ", "a_api_key", "key_", "token ", "x-", "x-a-",
    "bearer ", "cookie: a=", "sid=", "?key=", "&token=", "-u a:", "--password ", "://a:", "://", "eyJ", "eyJa.",
    "eyJa.a.", "AKIA", "ghp_", "sk-", "sk-a-", "-----BEGIN RSA PRIVATE KEY-----\n",
    "-----BEGIN A PRIVATE KEY-----\nAbcd: e\n", "DE12", "DE12 ", "AB12 3456 ", "123-", "123-45-", "4111 ", "ssn ",
    "ssn a", "X1", "passport number is ", "+1", "+1 ", "00 ", "(0", "0 ", "0123 456 ", "tel ", "tel 1 ", "at ",
    "a (at) a.", "a (at) a ", "on ", "on a 1 wrote\n", "on 1 wrote ", "from: a\n", "sent: a\nto: b\n",
    "from: a\nsent: b\n", "Ann: a\n", "Ann: ", "10:32 ", "10:32 Ann\n", "10:32 Ann: a\n", "Ann (", "Ann [",
    "a joined ", "joined the chat\n", "thanks ", "thanks\n", "thanks,\nAnn\n", "hi ", "hi\n", "dear all all ",
    "this e-mail ", "caution: this e-mail originated from outside ", "re: ", "fw: ", "name: a\n", "subject: a\n",
    "<div>", "<div ", "<blockquote>", "<p>a", "<td>", "<table><tr><td>", "a: b: ", "ab cd ", "[FIRING", "alertname",
    "** problem ", "```\n", "```a\n", "your ", "your answer ", "reply.", "following code",
)  # fmt: skip


def measure() -> list[Figure]:
    """Scrub planted and real tickets, then feed every part of reading with hostile ones."""
    return [*_found(), _spared(), _plain_time(), *_worst()]


def _found() -> Iterator[Figure]:
    missed = Counter(
        one.format for one in planted(TICKETS) if any(secret in scrub(one.text).text for secret in one.secrets)
    )
    for name in FORMATS:
        value = 1 - missed[name] / TICKETS
        spread = f"{TICKETS - missed[name]} of {TICKETS}"
        yield Figure(f"scrubbed before any sink: {name}", f"{value:.3f}", "≥ 0.99", value >= 0.99, spread, COMMAND)


def _spared() -> Figure:
    """Count what is scrubbed from tickets in which nothing was planted."""
    data = eval_data()
    files = [SAMPLES, *(data / name / "queries.jsonl" for name in ("prom_runbooks", "govuk_alerts") if data)]
    texts = [_words(line) for file in files if file.is_file() for line in file.read_text("utf-8").splitlines()]
    hit = sum(bool(scrub(text).counts) for text in texts)
    return Figure("tickets without secrets that lose a word", f"{hit} of {len(texts)}", "–", None, "–", COMMAND)


def _words(line: str) -> str:
    row = json.loads(line)
    return "\n".join(str(row[name]) for name in ("subject", "body", "text", "query") if row.get(name))


def _plain_time() -> Figure:
    tickets = [Ticket("T", _words(line)) for line in SAMPLES.read_text("utf-8").splitlines()]
    taken = [_cpu_ms(read_ticket, ticket) for ticket in tickets for _ in range(3)]
    spread = f"{min(taken):.2f}–{max(taken):.2f} ms, n={len(taken)}"
    return Figure(
        "reading and scrubbing a ticket, processor time", f"{median(taken):.2f} ms", "–", None, spread, COMMAND
    )


def _worst() -> Iterator[Figure]:
    texts = {seed: (seed * (ADVERSARIAL_CHARS // len(seed) + 1))[:ADVERSARIAL_CHARS] for seed in SEEDS}
    timed = [
        (min(_cpu_ms(pattern.findall, text) for _ in range(2)), seed, name)
        for name, pattern in _patterns()
        for seed, text in texts.items()
    ]
    taken, seed, name = max(timed)
    spread = f"{name} on {seed!r} repeated; {len({one[2] for one in timed})} patterns × {len(texts)} texts"
    label = "the slowest pattern on 50 kB of hostile text"
    yield Figure(label, f"{taken:.0f} ms", f"≤ {MAX_MS} ms", taken <= MAX_MS, spread.replace("|", "\\|"), COMMAND)
    for name, part in PARTS.items():
        taken, seed = max((_cpu_ms(part, text), seed) for seed, text in texts.items())
        yield Figure(f"50 kB of hostile text: {name}", f"{taken:.0f} ms", "–", None, _repeated(seed), COMMAND)
    taken, seed = max((_cpu_ms(_read, text), seed) for seed, text in texts.items())
    yield Figure(
        "50 kB of hostile text: the whole reading", f"{taken:.0f} ms", "–", None, f"{seed!r} repeated", COMMAND
    )


def _patterns() -> Iterator[tuple[str, re.Pattern[str]]]:
    """Yield the patterns that run over whole texts."""
    for module in (addresses, alert, keys, numbers, passwords, phones, tone, words):
        for name, value in vars(module).items():
            listed = value if isinstance(value, tuple) else (value,)
            found = [one[0] if isinstance(one, tuple) else one for one in listed]
            if name not in OF_SHORT_TEXTS:
                yield from ((f"{module.__name__}.{name}", one) for one in found if isinstance(one, re.Pattern))


def _repeated(seed: str) -> str:
    return f"{seed!r} repeated".replace("|", "\\|")


def _read(text: str) -> None:
    try:
        read_ticket(Ticket("T", text))
    except EmptyTicketError:
        return


def _cpu_ms(work: Callable[..., object], argument: object) -> float:
    started = time.process_time()
    work(argument)
    return (time.process_time() - started) * 1000


if __name__ == "__main__":
    for figure in measure():
        print(f"{figure.name}: {figure.value} ({figure.target}; {figure.spread})", flush=True)
