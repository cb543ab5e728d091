"""Text from tickets and articles enters, text that is safe to show leaves; results go to stdout, prose to stderr."""

import re
import sys
from dataclasses import dataclass

from pydantic import BaseModel
from rich.console import Console, RenderableType
from rich.text import Text

_ESCAPE_SEQUENCE = re.compile(
    r"""
    (?: \x1b\[ | \x9b ) [0-?]* [ -/]* [@-~]              # CSI: colours, cursor moves
    | (?: \x1b[\]PX^_] | [\x90\x98\x9d-\x9f] ) [^\x07\x1b\x9c\n]* (?: \x07 | \x1b\\ | \x9c )  # OSC: titles, links
    | \x1b [ -/]* [0-~]                                  # the two-character ones
    """,
    re.VERBOSE,
)
_INVISIBLE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b\u200e\u200f\u202a-\u202e\u2060\u2066-\u2069\ufeff]")
"""Control characters, and those that reorder or hide text, so that nothing shown reads other than it is."""
_UNSAFE_IN_JSON = re.compile("[\x7f-\x9f\u202a-\u202e\u2066-\u2069\u2028\u2029]")
_SURROGATE = re.compile("[\ud800-\udfff]")


def clean(text: str) -> str:
    """Strip what a terminal would obey rather than show. Line feeds stay; tabs become spaces."""
    without_sequences = _ESCAPE_SEQUENCE.sub("", text.replace("\r\n", "\n"))
    return _SURROGATE.sub("\ufffd", _INVISIBLE.sub("", without_sequences.replace("\t", "    ")))


def one_line(text: str) -> str:
    """Strip as `clean` does, and fold all white space into single spaces."""
    return " ".join(clean(text).split())


def shown(text: str, style: str = "") -> Text:
    """Turn untrusted text into what rich shows as it is: no markup, no control characters."""
    return Text(clean(text), style=style)


def json_text(answer: BaseModel, *, indent: int | None = 2) -> str:
    """Write an answer as JSON, with what a terminal would obey escaped; it reads back the same."""
    written = answer.model_dump_json(indent=indent)
    return _UNSAFE_IN_JSON.sub(lambda match: f"\\u{ord(match[0]):04x}", written)


@dataclass(frozen=True, slots=True)
class Terminal:
    """Where results and where prose go."""

    out: Console
    err: Console

    def result(self, text: str) -> None:
        """Write one result to stdout, byte for byte: no wrapping, no colour."""
        self.out.file.write(text + "\n")

    def show(self, what: RenderableType) -> None:
        """Show a result on stdout, for a person; in a pipe without the blanks that fill a terminal's lines."""
        if self.out.is_terminal:
            self.out.print(what)
            return
        with self.out.capture() as captured:
            self.out.print(what)
        self.out.file.write("\n".join(line.rstrip() for line in captured.get().split("\n")))

    def note(self, text: str, style: str = "dim") -> None:
        """Say something in passing on stderr."""
        self.err.print(shown(text, style), soft_wrap=True)

    def complain(self, text: str) -> None:
        """Say on stderr, in one line, why the command ends here."""
        self.err.print(Text.assemble(("runcite: ", "bold red"), one_line(text)), soft_wrap=True)


def open_terminal() -> Terminal:
    """Open stdout and stderr as they are now: coloured on a terminal, plain in a pipe."""
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            reconfigure(errors="backslashreplace")
    return Terminal(out=Console(highlight=False), err=Console(stderr=True, highlight=False))
