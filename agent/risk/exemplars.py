"""Text with a labelled sentence a line enters, exemplars leave."""

import hashlib
import json
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
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


@dataclass(frozen=True)
class Exemplars:
    """The labelled sentences of a policy. Those that ship are read only where they are asked for.

    Attributes:
        file: Holds the ones that ship.
        own: The organisation's.
    """

    file: Path
    own: tuple[Exemplar, ...] = ()

    @cached_property
    def shipped(self) -> tuple[Exemplar, ...]:
        """The ones that ship."""
        return parse_exemplars(self.file.read_text(encoding="utf-8"), self.file.name)

    @cached_property
    def shipped_digest(self) -> str:
        """Names the ones that ship by their content."""
        return hashlib.sha256(self.file.read_bytes()).hexdigest()

    @cached_property
    def digest(self) -> str:
        """Names all of them by their content."""
        lines = "\n".join(f"{e.id}\0{e.text}\0{e.label}\0{e.language}" for e in self.own)
        named = f"{self.shipped_digest}\n{lines}"
        return f"sha256:{hashlib.sha256(named.encode()).hexdigest()}"
