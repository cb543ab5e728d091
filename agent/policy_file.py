"""A policy file enters, laid over the policy that ships; a checked `Policy` leaves, or its mistakes by line."""

import difflib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any, get_args

import yaml
from pydantic import BaseModel, ValidationError

from agent.errors import PolicyError
from agent.models import RiskKind, Tag
from agent.policy import IdentityRules, Policy, Route, SignalRules, TagRule
from agent.policy_schema import PolicySchema, PrioritiesSection, ReviewSection, RoutingSection, SignalSection
from agent.policy_text import Mistake, Places, PolicyFileError, PolicyText, load_yaml, read_policy_text
from agent.risk.exemplars import Exemplar, Exemplars, parse_exemplars
from agent.risk.patterns import Pattern
from ingest.dates import parse_interval
from ingest.freshness import FreshnessWindows
from ingest.models import Interval, RiskClass

SHIPPED = Path(__file__).parent / "default_policy.yml"
SHIPPED_SIGNALS = Path(__file__).parent / "signals"
SHIPPED_EXEMPLARS = Path(__file__).parent / "exemplars.jsonl"

_KINDS: tuple[RiskKind, ...] = ("security", "privileged", "destructive", "outage")


@dataclass(frozen=True, slots=True)
class Origin:
    """Where one value of the policy in force came from; `line` is `None` for what ships."""

    key: str
    value: str
    line: int | None


@dataclass(frozen=True, slots=True)
class LoadedPolicy:
    """A policy, the exemplars that belong to it, the files it was read from, and where each value came from."""

    policy: Policy
    exemplars: Exemplars
    files: tuple[Path, ...]
    origins: tuple[Origin, ...]


def load_policy(base: Policy, path: Path | None = None) -> LoadedPolicy:
    """Read the policy in force.

    Args:
        base: A policy with what the embedding model settles: where its cosines lie.
        path: The organisation's own file; `None` for the policy that ships.

    Raises:
        PolicyFileError: The file holds mistakes; all of them are named.
        PolicyError: It cannot be read.
    """
    if path is None:
        return _load(base, PolicyText("the shipped policy", {}, Places({})), None)
    return _load(base, read_policy_text(path), path)


@lru_cache(maxsize=1)
def _shipped() -> dict[str, Any]:
    values = dict(load_yaml(SHIPPED.read_text(encoding="utf-8")))
    values["signals"] = {
        kind: load_yaml((SHIPPED_SIGNALS / f"{kind}.yml").read_text(encoding="utf-8")) for kind in _KINDS
    }
    return values


@lru_cache(maxsize=1)
def _shipped_signals() -> dict[RiskKind, SignalRules]:
    signals = _shipped()["signals"]
    return {kind: _rules(SignalSection.model_construct(**signals[kind])) for kind in _KINDS}


def _load(base: Policy, source: PolicyText, path: Path | None) -> LoadedPolicy:
    shipped = {**_shipped(), "signals": {}}
    merged = _merge(shipped, source.values)
    if source.values and "version" not in source.values:
        raise PolicyFileError(source.name, [Mistake(1, 1, "the version is missing; write `version: 1` at the top")])
    try:
        checked = PolicySchema.model_validate(merged)
    except ValidationError as error:
        raise PolicyFileError(source.name, sorted(_mistake(one, source) for one in error.errors())) from error
    mistakes = list(_unreachable(checked, source))
    if mistakes:
        raise PolicyFileError(source.name, mistakes)
    own, files = _own_exemplars(checked, path)
    exemplars = Exemplars(SHIPPED_EXEMPLARS, own)
    policy = replace(_policy(base, checked), exemplars_digest=exemplars.digest)
    return LoadedPolicy(policy, exemplars, files, tuple(_origins(merged, source)))


def _merge(shipped: Mapping[str, Any], own: Mapping[str, Any]) -> dict[str, Any]:
    """Lay a file over the shipped policy: mappings key by key, everything else replaced, a tag set to null left out."""
    merged = dict(shipped)
    for key, value in own.items():
        if isinstance(value, dict) and isinstance(merged.get(key), dict):
            merged[key] = _merge(merged[key], value)
        else:
            merged[key] = value
    if isinstance(merged.get("tags"), dict):
        merged["tags"] = {name: rule for name, rule in merged["tags"].items() if rule is not None}
    return merged


def _mistake(error: Any, source: PolicyText) -> Mistake:  # noqa: ANN401 - pydantic's own mapping
    path = [part for part in error["loc"] if part != "[key]"]
    line, column = source.places.of(path)
    name = ".".join(str(part) for part in path)
    if error["type"] == "extra_forbidden":
        known = _known_keys(path[:-1])
        near = difflib.get_close_matches(str(path[-1]), known, 1)
        remedy = f"did you mean {near[0]!r}?" if near else f"expected one of: {', '.join(known)}"
        return Mistake(line, column, f"unknown key {name!r}; {remedy}")
    if error["type"] == "value_error":
        return Mistake(line, column, f"{name}: {error['ctx']['error']}")
    message = str(error["msg"]).replace("Input should", "it should")
    return Mistake(line, column, f"{name}: {error['input']!r} cannot be used: {message[0].lower()}{message[1:]}")


def _known_keys(path: Sequence[str | int]) -> list[str]:
    model: type[BaseModel] | None = PolicySchema
    for part in path:
        field = model.model_fields.get(str(part)) if model else None
        # A key of a mapping, such as a tag's name, names no field: the model below stays the same.
        model = _section_in(field.annotation) if field else model
    return sorted(model.model_fields) if model else []


def _section_in(annotation: Any) -> type[BaseModel] | None:  # noqa: ANN401 - whatever a field is annotated with
    for inside in (annotation, *get_args(annotation)):
        if isinstance(inside, type) and issubclass(inside, BaseModel):
            return inside
    return None


def _unreachable(checked: PolicySchema, source: PolicyText) -> Iterator[Mistake]:
    for route, team in checked.routing.model_dump().items():
        if team not in checked.teams:
            line, column = source.places.of(("routing", route) if "routing" in source.values else ("teams",))
            near = difflib.get_close_matches(team, checked.teams, 1)
            remedy = f"did you mean {near[0]!r}?" if near else "add it to `teams`"
            yield Mistake(
                line, column, f"routing.{route}: no ticket can reach the team {team!r}, as `teams` lacks it; {remedy}"
            )


def _own_exemplars(checked: PolicySchema, path: Path | None) -> tuple[tuple[Exemplar, ...], tuple[Path, ...]]:
    if path is None or checked.exemplars is None:
        return (), (path,) if path else ()
    own = path.parent / checked.exemplars
    try:
        text = own.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise PolicyError(
            f"the exemplars {str(own)!r} cannot be read: {error}; expected JSON lines in UTF-8"
        ) from error
    return parse_exemplars(text, own.name), (path, own)


def _policy(base: Policy, checked: PolicySchema) -> Policy:
    match, freshness = checked.match, checked.freshness
    return replace(
        base,
        min_similarity=base.min_similarity if match.min_similarity is None else match.min_similarity,
        min_confidence=match.min_confidence,
        ambiguity_odds=match.ambiguity_odds,
        twin_odds=match.twin_odds,
        min_content_words=match.min_content_words,
        windows=FreshnessWindows(freshness.due_days, _windows(freshness.review_every)),
        sources_with_recorded_edits=freshness.sources_with_recorded_edits,
        sources_acting_when_unknown=freshness.sources_acting_when_unknown,
        languages=checked.languages,
        routing=_by_route(checked.routing),
        priorities=_by_route(checked.priorities),
        critical_keywords=checked.critical_keywords,
        safe_runbooks=checked.safe_runbooks,
        identity=IdentityRules(checked.identity.risk, checked.identity.articles, checked.identity.patterns),
        tags=tuple(
            TagRule(Tag(name, rule.effect), rule.patterns, rule.groups, rule.plans)
            for name, rule in checked.tags.items()
        ),
        never_promise=checked.never_promise,
        sign_off=checked.reply.sign_off,
        alerts_are_outages=checked.outage.alerts == "escalate",
        signals={kind: _added(kind, getattr(checked.signals, kind)) for kind in _KINDS},
    )


def _windows(section: ReviewSection) -> dict[RiskClass | None, Interval]:
    windows: dict[RiskClass | None, Interval] = {None: _as_interval(section.default)}
    return windows | {risk: _as_interval(getattr(section, risk)) for risk in get_args(RiskClass)}


def _by_route(section: RoutingSection | PrioritiesSection) -> dict[Route, Any]:
    return {route: value for route in get_args(Route) if (value := getattr(section, route)) is not None}


def _added(kind: RiskKind, own: SignalSection) -> SignalRules:
    """Put a file's patterns behind the shipped ones, which cannot be taken away."""
    shipped, added = _shipped_signals()[kind], _rules(own)
    return SignalRules(
        shipped.patterns + added.patterns, shipped.hints + added.hints, shipped.innocent + added.innocent
    )


def _rules(section: SignalSection) -> SignalRules:
    return SignalRules(
        *(
            tuple(Pattern(text, language) for language, texts in by_language.items() for text in texts)
            for by_language in (section.patterns, section.hints, section.innocent)
        )
    )


def _as_interval(text: str) -> Interval:
    interval = parse_interval(text)
    if interval is None:
        raise PolicyError(f"{text!r} is no interval; expected a number and a unit, such as 6 months")
    return interval


def _origins(merged: Mapping[str, Any], source: PolicyText, path: tuple[str, ...] = ()) -> Iterator[Origin]:
    for key, value in merged.items():
        here = (*path, key)
        if isinstance(value, dict) and value:
            yield from _origins(value, source, here)
        elif path[:1] != ("signals",) or value:
            line = source.places.marks[here][0] if here in source.places.marks else None
            yield Origin(
                ".".join(here), yaml.safe_dump(value, default_flow_style=True, width=10**9).split("\n")[0], line
            )
