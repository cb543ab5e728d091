"""A document's source enters; its front matter, read with suspicion, and its body leave."""

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field

import yaml

from ingest.metadata import both

MAX_FRONT_MATTER_CHARS = 64 * 1024
MAX_ALIASES = 10
MAX_DEPTH = 20

_OPENING = re.compile(r"\ufeff?(?:[ \t]*\n)*(---|\+\+\+)[ \t]*\n")
_YAML_CLOSING = re.compile(r"^(?:---|\.\.\.)[ \t]*$", re.MULTILINE)
_TOML_CLOSING = re.compile(r"^\+\+\+[ \t]*$", re.MULTILINE)
_STATEMENT = re.compile(r"^([A-Za-z][\w -]{0,40}):(?:[ \t]+(.*))?$", re.MULTILINE)
_ASSIGNMENT = re.compile(r"^([\w-]+)[ \t]*=[ \t]*", re.MULTILINE)
_RESTRICTION = re.compile(r"^\W*audience\W*[:=]", re.MULTILINE | re.IGNORECASE)
_NULLS = frozenset({"", "~", "null", "Null", "NULL"})


@dataclass(frozen=True, slots=True)
class FrontMatter:
    """What stood above the text.

    Attributes:
        body: The text below.
        fields: Its statements. YAML scalars stay as written: `no` is a word and 2026-13-45 is not an error yet.
        malformed: One entry when it was there but could not be read as a whole.
        warnings: What was odd.
    """

    body: str
    fields: Mapping[str, object] = field(default_factory=dict)
    malformed: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()


def split_front_matter(source: str) -> FrontMatter:
    """Split front matter from the body.

    A block that cannot be read does not lose the article: its `key: value` lines are taken one by one, so that
    restrictions in it still hold, and it is reported as malformed, so that the article's freshness is unknown.

    Args:
        source: Decoded text with Unix line ends.

    Returns:
        Body and statements. Without front matter the body is the source.
    """
    opening = _OPENING.match(source)
    if opening is None:
        return FrontMatter(source)
    toml = opening[1] == "+++"
    closing = (_TOML_CLOSING if toml else _YAML_CLOSING).search(source, opening.end())
    if closing is None:
        return _unclosed(source, opening.end())
    raw = source[opening.end() : closing.start()]
    body = source[closing.end() :].removeprefix("\n")
    try:
        fields, warnings = _read_toml(raw) if toml else _read_yaml(raw)
    except _UnreadableError as error:
        return _salvage(_ASSIGNMENT.sub(r"\1: ", raw) if toml else raw, body, str(error))
    if fields is None and _RESTRICTION.search(raw):
        return _salvage(raw, body, "front matter is not a list of 'key: value' lines")
    return FrontMatter(source) if fields is None else FrontMatter(body, fields, (), warnings)


def _unclosed(source: str, start: int) -> FrontMatter:
    """Tell front matter that is never closed from a text that begins with a rule."""
    first_line = source[start:].lstrip("\n").split("\n", 1)[0]
    if _STATEMENT.match(first_line) is None:
        return FrontMatter(source)
    raw, _, body = source[start:].partition("\n\n")
    return _salvage(raw, body, "front matter is opened with '---' but never closed")


def _salvage(raw: str, body: str, problem: str) -> FrontMatter:
    fields: dict[str, object] = {}
    for key, value in _STATEMENT.findall(raw[:MAX_FRONT_MATTER_CHARS]):
        fields[key] = both(fields.get(key, _unquote(value)), _unquote(value))
    told = {key.strip().lower() for key in fields}
    if "audience" not in told and (_RESTRICTION.search(raw) or _RESTRICTION.search(body)):
        # Somebody meant to restrict it. Until it can be told to whom, it is for nobody.
        fields["audience"] = None
    return FrontMatter(body, fields, ("front matter: not readable",), (problem,))


def _unquote(value: str) -> str | None:
    value = value.strip()
    if len(value) > 1 and value[0] == value[-1] and value[0] in "\"'":
        return value[1:-1]
    return None if value in _NULLS else value


_Fields = tuple[dict[str, object] | None, tuple[str, ...]]


class _UnreadableError(Exception):
    """Front matter is there but cannot be read as a whole."""


def _check_size(raw: str) -> None:
    if len(raw) > MAX_FRONT_MATTER_CHARS:
        raise _UnreadableError(f"front matter is {len(raw):,} characters, expected at most {MAX_FRONT_MATTER_CHARS:,}")


def _read_toml(raw: str) -> _Fields:
    _check_size(raw)
    try:
        return tomllib.loads(raw), ()
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise _UnreadableError(f"front matter is not valid TOML: {error}") from error


def _read_yaml(raw: str) -> _Fields:
    """Read a YAML mapping; `None` where the text between two rules is prose rather than a mapping."""
    _check_size(raw)
    try:
        loader = _GuardedLoader(raw)
        node = loader.get_single_node()
    except yaml.YAMLError as error:
        raise _UnreadableError(f"front matter is not valid YAML{_describe(error)}") from error
    if node is None:
        return {}, ()
    if not isinstance(node, yaml.MappingNode):
        return None, ()
    fields: dict[str, object] = {}
    warnings: list[str] = []
    for key_node, value_node in node.value:
        key = _plain(key_node)
        if not isinstance(key, str):
            warnings.append(
                f"front matter has a key that is not a word at line {key_node.start_mark.line + 2}; ignored"
            )
            continue
        value = _plain(value_node)
        if key in fields:
            warnings.append(f"front matter states {key!r} twice; only what they agree on counts")
            value = both(fields[key], value)
        fields[key] = value
    return fields, tuple(warnings)


def _plain(node: yaml.Node) -> object:
    """Turn a node into strings, lists and mappings of strings."""
    if isinstance(node, yaml.ScalarNode):
        return None if node.style is None and node.value in _NULLS else str(node.value)
    if isinstance(node, yaml.SequenceNode):
        return [_plain(item) for item in node.value]
    if isinstance(node, yaml.MappingNode):
        return {str(_plain(key)): _plain(value) for key, value in node.value}
    return None


class _GuardedLoader(yaml.SafeLoader):
    """Composes nodes, refusing documents built to exhaust memory or the stack."""

    def __init__(self, stream: str) -> None:
        super().__init__(stream)
        self._aliases = 0
        self._depth = 0

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        """Compose one node within the limits."""
        if self.check_event(yaml.AliasEvent):
            self._aliases += 1
        if self._aliases > MAX_ALIASES or self._depth > MAX_DEPTH:
            raise yaml.MarkedYAMLError(
                problem=f"more than {MAX_ALIASES} aliases or {MAX_DEPTH} levels",
                problem_mark=self.peek_event().start_mark,  # type: ignore[no-untyped-call]  # the stubs leave it out,
            )
        self._depth += 1
        try:
            return super().compose_node(parent, index)
        finally:
            self._depth -= 1


def _describe(error: yaml.YAMLError) -> str:
    if isinstance(error, yaml.MarkedYAMLError) and error.problem_mark is not None:
        # Two more: lines count from one, and the opening marker is the first.
        return f" at line {error.problem_mark.line + 2}: {error.problem}"
    return f": {str(error).splitlines()[0]}"
