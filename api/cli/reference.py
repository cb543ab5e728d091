"""The commands enter, their help as one Markdown page leaves: `python -m api.cli.reference > docs/cli.md`."""

import re
import sys
from typing import Any

import typer

from api.cli.main import PROGRAM, build

_HEAD = """\
# The command line

Written by `python -m api.cli.reference > docs/cli.md`; a test holds it current.
"""
_WIDTH = 100


def _help(command: Any, context: Any) -> str:  # noqa: ANN401 - typer does not name its commands' type in public
    text: str = command.get_help(context)
    return re.sub(r"[ \t]+$", "", text, flags=re.MULTILINE).strip()


def reference() -> str:
    """Write the page."""
    root: Any = typer.main.get_command(build())
    settings = {"terminal_width": _WIDTH, "max_content_width": _WIDTH}
    context = root.make_context(PROGRAM, [], resilient_parsing=True, **settings)
    parts = [_HEAD, f"```\n{_help(root, context)}\n```\n"]
    for name, command in root.commands.items():
        inner = command.make_context(name, [], parent=context, resilient_parsing=True, **settings)
        parts.append(f"## {PROGRAM} {name}\n\n```\n{_help(command, inner)}\n```\n")
    return "\n".join(parts)


if __name__ == "__main__":
    sys.stdout.write(reference())
