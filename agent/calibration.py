"""A calibration to the organisation's own tickets enters from its file; what confidence rests on now leaves.

A calibration holds for the embedding model, the coefficients, the rules of matching and the articles that it was made
with. Where one of them is another now, what it certified is not known to be so any more: nothing is acted on.
"""

import hashlib
import json
import os
import threading
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import asdict, replace
from datetime import datetime
from pathlib import Path
from typing import Final, Literal, Protocol

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from agent.confidence import preset
from agent.errors import CalibrationError
from agent.models import Ground
from agent.policy import Policy
from agent.rules import Rules
from index.errors import IndexingError
from index.models import EmbeddingSpec

CALIBRATION_NAME: Final = "calibration.json"

MOST_CHANGED: Final = 0.10
"""Share of the articles that may change before a calibration no longer holds.

Tickets that fall on articles as evenly as the labelled ones meet changed articles about so often; were all of those
answered wrongly, the share of mistakes would rise by as much. More than that cannot be left to chance.
"""

_REMEDY = "Run `runcite calibrate` again, or delete the file to go back to the preset."


class Matching(BaseModel):
    """The rules of a policy that say which article counts as the answer."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    min_similarity: float | None
    min_confidence: float
    ambiguity_odds: float
    twin_odds: float

    @classmethod
    def of(cls, policy: Policy) -> "Matching":
        """Take them from a policy."""
        return cls(
            min_similarity=policy.min_similarity,
            min_confidence=policy.min_confidence,
            ambiguity_odds=policy.ambiguity_odds,
            twin_odds=policy.twin_odds,
        )


class Setting(BaseModel):
    """What a calibration was made with, and holds for.

    Attributes:
        embedding: The embedding model and its revision.
        coefficients: Digest of the coefficients behind the confidence.
        matching: The policy's rules of matching.
        articles: Digests of the live articles at their revisions, sorted.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    embedding: str
    coefficients: str
    matching: Matching
    articles: tuple[str, ...]


class Calibration(BaseModel):
    """A threshold that labelled tickets certify.

    Attributes:
        created_at: UTC.
        threshold: Confidence from which an article counts as the answer.
        none: Log-odds that no article answers, fitted to the tickets; `None` where the preset's stayed.
        alpha: Share of what is acted on that may be wrong.
        delta: Probability that it is more all the same.
        tickets: How many tickets certified it.
        acted: How many of them are acted on.
        wrong: How many of those wrongly.
        setting: What it holds for.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    format: Literal["runcite-calibration"] = "runcite-calibration"
    version: Literal[1] = 1
    created_at: datetime
    threshold: float = Field(ge=0.3, le=1)
    none: float | None
    alpha: float = Field(gt=0, lt=1)
    delta: float = Field(gt=0, lt=1)
    tickets: int = Field(ge=1)
    acted: int = Field(ge=1)
    wrong: int = Field(ge=0)
    setting: Setting

    @property
    def id(self) -> str:
        """Its name: a digest of all it says."""
        return _digest(self.model_dump(mode="json"))[:12]


class _File(BaseModel):
    model_config = ConfigDict(extra="forbid")

    id: str
    calibration: Calibration


class Standing(Protocol):
    """Where a live article stands."""

    @property
    def revision(self) -> str:
        """Its live revision."""
        ...


class Index(Protocol):
    """Knows by which model it was built and which articles are live."""

    def embedding(self) -> EmbeddingSpec | None:
        """Return the model."""
        ...

    def index_revision(self) -> str:
        """Return a name for what the index holds now."""
        ...

    def standings(self) -> Mapping[str, Standing]:
        """Return where every live article stands, by id."""
        ...


def setting_of(policy: Policy, index: Index) -> Setting:
    """Describe what a calibration made now holds for.

    Args:
        policy: The policy in force.
        index: The index.
    """
    spec = index.embedding()
    return Setting(
        embedding="none" if spec is None else f"{spec.model} at {spec.revision}",
        coefficients=_digest(asdict(preset())),
        matching=Matching.of(policy),
        articles=tuple(sorted(_digest([id_, one.revision])[:16] for id_, one in index.standings().items())),
    )


def read_calibration(file: Path) -> Calibration:
    """Read a stored calibration.

    Args:
        file: Where it is.

    Raises:
        CalibrationError: It cannot be read, or was changed by hand.
    """
    try:
        read = _File.model_validate_json(file.read_bytes())
    except (OSError, ValidationError) as error:
        first = error.errors()[0] if isinstance(error, ValidationError) else None
        where = f"{'.'.join(map(str, first['loc'])) or 'the file'}: {first['msg']}" if first else str(error)
        raise CalibrationError(f"{file.name} cannot be read: {where}. {_REMEDY}") from error
    if read.id != read.calibration.id:
        raise CalibrationError(f"{file.name} is not as it was written: its id is not {read.id!r}. {_REMEDY}")
    return read.calibration


def write_calibration(file: Path, calibration: Calibration) -> None:
    """Store a calibration in place of the one there is; a crash leaves either.

    Args:
        file: Where.
        calibration: What.

    Raises:
        CalibrationError: The file cannot be written.
    """
    text = _File(id=calibration.id, calibration=calibration).model_dump_json(indent=1)
    draft = file.with_name(f".{file.name}.{os.getpid()}")
    try:
        with draft.open("w", encoding="utf-8") as stream:
            stream.write(text)
            stream.flush()
            os.fsync(stream.fileno())
        draft.replace(file)
    except OSError as error:
        draft.unlink(missing_ok=True)
        raise CalibrationError(f"{str(file)!r} cannot be written: {error.strerror}. Nothing has changed.") from error


class CalibrationKeeper:
    """Keeps what confidence rests on in step with its file, the policy and the index. Safe to use from threads."""

    def __init__(self, file: Path, rules: Callable[[], Rules], index: Index) -> None:
        """Read nothing yet.

        Args:
            file: The stored calibration; there need not be one.
            rules: The rules that the policy makes, asked for anew for each decision.
            index: The index.
        """
        self._file = file
        self._rules = rules
        self._index = index
        self._lock = threading.Lock()
        self._known: tuple[object, Rules] | None = None

    def current(self) -> Rules:
        """Return the rules of a decision made now, with what its confidence rests on."""
        rules = self._rules()
        try:
            found = self._file.stat()
        except FileNotFoundError:
            return rules
        except OSError as error:
            return _stale(rules, "fitted", f"{self._file.name} cannot be read: {error.strerror}. {_REMEDY}")
        try:
            key = (found.st_ino, found.st_size, found.st_mtime_ns, rules, self._index.index_revision())
            with self._lock:
                if self._known is None or self._known[0] != key:
                    self._known = key, self._judged(rules)
                return self._known[1]
        except IndexingError as error:
            return _stale(rules, "fitted", f"whether it holds for the index cannot be told: {error}")

    def _judged(self, rules: Rules) -> Rules:
        try:
            calibration = read_calibration(self._file)
        except CalibrationError as error:
            return _stale(rules, "fitted", str(error))
        name = f"fitted:{calibration.id}"
        fault = what_changed(calibration.setting, setting_of(rules.policy, self._index))
        if fault is not None:
            return _stale(rules, name, fault)
        coefficients = preset() if calibration.none is None else replace(preset(), none=calibration.none)
        policy = replace(rules.policy, min_confidence=calibration.threshold)
        return replace(rules, policy=policy, ground=Ground(name), coefficients=coefficients)


def what_changed(before: Setting, now: Setting) -> str | None:
    """Say why a calibration made before does not hold now; `None` where it does.

    Args:
        before: What it was made with.
        now: What there is.
    """
    if before.embedding != now.embedding:
        return f"it was made with the embedding model {before.embedding}, and the index has {now.embedding}"
    if before.coefficients != now.coefficients:
        return "it was made with other coefficients of confidence than this version of Runcite ships"
    if before.matching != now.matching:
        return "it was made under other rules of matching: " + ", ".join(
            f"{name} was {old!r} and is {getattr(now.matching, name)!r}"
            for name, old in before.matching
            if old != getattr(now.matching, name)
        )
    changed = changed_share(before.articles, now.articles)
    if changed > MOST_CHANGED:
        return f"{changed:.0%} of the articles have changed since it was made, more than {MOST_CHANGED:.0%}"
    return None


def changed_share(before: tuple[str, ...], now: tuple[str, ...]) -> float:
    """Return how many articles are gone, new or other, as a share of those there were; a new text counts once."""
    old, new = Counter(before), Counter(now)
    return max((old - new).total(), (new - old).total()) / max(1, len(before))


def _stale(rules: Rules, name: str, fault: str) -> Rules:
    """Go on as without a calibration, but for drafts only."""
    return replace(rules, ground=Ground(name, fault))


def _digest(content: object) -> str:
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()
