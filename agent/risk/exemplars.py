"""Text with a labelled sentence a line enters, exemplars leave."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

from agent.errors import PolicyError
from agent.models import RiskKind

Label = RiskKind | Literal["none"]
RISKS: Final[tuple[RiskKind, ...]] = ("security", "privileged", "destructive", "outage")
"""The strictest first; `privileged` and `destructive` rank alike."""

LABELS: Final[tuple[Label, ...]] = (*RISKS, "none")


@dataclass(frozen=True, slots=True)
class Exemplar:
    """One labelled sentence."""

    id: str
    text: str
    label: Label
    language: str


def parse_exemplars(text: str, name: str) -> tuple[Exemplar, ...]:
    """Read exemplars, one JSON object a line.

    Args:
        text: The file's text.
        name: Its name, for messages.

    Raises:
        PolicyError: A line is no exemplar; the message says which and why.
    """
    found: list[Exemplar] = []
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
            exemplar = Exemplar(str(row["id"]), str(row["text"]), row["label"], str(row.get("language", "en")))
        except (ValueError, TypeError, KeyError) as error:
            raise PolicyError(
                f"{name}:{number}: {line[:60]!r} is no exemplar; expected an object with id, text, label and language"
            ) from error
        if exemplar.label not in LABELS or not exemplar.text.strip():
            raise PolicyError(
                f"{name}:{number}: the label {exemplar.label!r} cannot be used, or there is no text; expected one of "
                f"{', '.join(LABELS)}, and a sentence"
            )
        found.append(exemplar)
    return tuple(found)


def digest(exemplars: Sequence[Exemplar]) -> str:
    """Name a set of exemplars by its content."""
    lines = "\n".join(f"{e.id}\0{e.text}\0{e.label}\0{e.language}" for e in exemplars)
    return f"sha256:{hashlib.sha256(lines.encode()).hexdigest()}"
