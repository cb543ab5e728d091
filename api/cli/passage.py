"""A span of an article enters, what a terminal shows of it leaves: nested lists stay lists, code looks like code."""

import re

from rich.text import Text

from api.cli.terminal import clean

_FENCE = re.compile(r"\s*(`{3,}|~{3,})")
_HEADING = re.compile(r"\s*#{1,6}\s[^\n]*\n+")
_CODE = "not italic cyan"
_CODE_INDENT = "    "


def quoted(text: str) -> Text:
    """Show a span in quotation marks."""
    return Text.assemble("“", passage(text), "”", style="italic")


def passage(text: str, style: str = "") -> Text:
    """Show a span: without the indentation that its place in the article gave it, and without code fences.

    Args:
        text: The span, verbatim.
        style: Style of all but code.
    """
    shown = Text(style=style)
    fence = ""
    for number, line in enumerate(_dedented(clean(text).strip()).split("\n")):
        mark = _FENCE.match(line)
        if mark and (not fence or mark[1].startswith(fence)):
            fence = "" if fence else mark[1]
            continue
        shown.append("\n" if number else "")
        shown.append(f"{_CODE_INDENT}{line}" if fence else line, _CODE if fence else "")
    return shown


def excerpt(text: str, *, max_lines: int, max_chars: int) -> str:
    """Cut a long span short, with an ellipsis, and without the heading that its section path names anyway."""
    body = _HEADING.sub("", text.strip(), count=1) if _HEADING.match(text.strip()) else text.strip()
    kept = "\n".join(body.split("\n")[:max_lines])[:max_chars].rstrip()
    if len(kept) == len(body):
        return kept
    ends_in_fence = _FENCE.match(kept.rpartition("\n")[2])
    return f"{kept}\n…" if ends_in_fence else f"{kept} …"


def _dedented(text: str) -> str:
    """Take away the indentation that all lines but the first share: the span began after it."""
    first, *rest = text.split("\n")
    depth = min((len(line) - len(line.lstrip()) for line in rest if line.strip()), default=0)
    return "\n".join([first, *(line[depth:] for line in rest)])
