"""A policy file's bytes enter; its values leave with the line and column of each, or what keeps it from being read."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from agent.errors import PolicyError

MAX_POLICY_BYTES = 1_000_000

_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@dataclass(frozen=True, slots=True, order=True)
class Mistake:
    """One thing wrong in a policy file; line and column count from 1."""

    line: int
    column: int
    message: str


class PolicyFileError(PolicyError):
    """A policy file holds mistakes."""

    def __init__(self, name: str, mistakes: Sequence[Mistake]) -> None:
        """Name every mistake by file, line and column, a line each."""
        self.mistakes = tuple(mistakes)
        lines = "\n".join(f"{name}:{one.line}:{one.column}: {one.message}" for one in mistakes)
        super().__init__(lines)


@dataclass(frozen=True, slots=True)
class Places:
    """Where each key of a file stands, by its path of keys."""

    marks: Mapping[tuple[str | int, ...], tuple[int, int]]

    def of(self, path: Sequence[str | int]) -> tuple[int, int]:
        """Return line and column of a key, or of the nearest one around it."""
        for length in range(len(path), -1, -1):
            if tuple(path[:length]) in self.marks:
                return self.marks[tuple(path[:length])]
        return 1, 1


@dataclass(frozen=True, slots=True)
class PolicyText:
    """A policy file as it is written: its values, and where each stands."""

    name: str
    values: dict[str, Any]
    places: Places


def read_policy_text(path: Path) -> PolicyText:
    """Read a policy file without judging its values.

    Args:
        path: The file.

    Raises:
        PolicyFileError: It is no YAML of keys and values, or a key is there twice.
        PolicyError: It cannot be read.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise PolicyError(
            f"the policy {str(path)!r} cannot be read: {error.strerror}; expected a file such as docs/policy.md shows"
        ) from error
    if len(content) > MAX_POLICY_BYTES:
        raise PolicyError(f"the policy {str(path)!r} has {len(content):,} bytes; expected at most {MAX_POLICY_BYTES:,}")
    try:
        text = content.decode("utf-8-sig")
        node = yaml.compose(text, Loader=_LOADER)
        values = load_yaml(text)
    except UnicodeDecodeError as error:
        raise PolicyError(f"the policy {str(path)!r} is not UTF-8: {error}; save it as UTF-8") from error
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
        problem = f"this is no YAML: {error.problem}; quote values that hold : # [ or {{"
        raise PolicyFileError(path.name, [Mistake(line, column, problem)]) from error
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise PolicyFileError(path.name, [Mistake(1, 1, f"this is no YAML: {error}")]) from error
    marks: dict[tuple[str | int, ...], tuple[int, int]] = {}
    mistakes = list(_walk(node, (), marks)) if node is not None else []
    if not isinstance(values, dict) and values is not None:
        mistakes = [Mistake(1, 1, "expected keys and values, such as `version: 1`")]
    if mistakes:
        raise PolicyFileError(path.name, mistakes)
    return PolicyText(path.name, values or {}, Places(marks))


def _walk(
    node: yaml.Node, path: tuple[str | int, ...], marks: dict[tuple[str | int, ...], tuple[int, int]]
) -> Iterator[Mistake]:
    marks.setdefault(path, (node.start_mark.line + 1, node.start_mark.column + 1))
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            place = (key.start_mark.line + 1, key.start_mark.column + 1)
            if not isinstance(key, yaml.ScalarNode):
                yield Mistake(*place, "a key must be a word")
                continue
            below = (*path, key.value)
            if below in marks:
                yield Mistake(*place, f"{key.value!r} is here twice; keep one (the first is in line {marks[below][0]})")
            marks[below] = place
            yield from _walk(value, below, marks)
    elif isinstance(node, yaml.SequenceNode):
        for number, value in enumerate(node.value):
            yield from _walk(value, (*path, number), marks)


def load_yaml(text: str) -> Any:  # noqa: ANN401 - whatever the file holds
    """Load YAML of plain values, by the parser in C where there is one."""
    return yaml.load(text, Loader=_LOADER)  # noqa: S506 - a safe loader
