"""A policy file that may change enters; the rules decisions are made under leave, kept in step with it."""

import logging
import threading
from dataclasses import dataclass, field
from pathlib import Path

from agent.confidence import Coefficients, preset
from agent.errors import PolicyError
from agent.models import PRESET, Ground
from agent.policy import Policy
from agent.policy_file import LoadedPolicy, load_policy
from agent.ports import TicketSignals
from agent.risk.kept import judge_for, read_letters
from agent.signals import SignalReader
from index.errors import IndexingError
from index.ports import Embedder

_LOG = logging.getLogger(__name__)

Stamps = tuple[tuple[int, int, int] | None, ...]
"""Of each file: inode, size and time of change; `None` where it is gone."""


@dataclass(frozen=True, slots=True)
class Rules:
    """One policy with everything made of it; a decision uses the same one from beginning to end.

    Attributes:
        policy: The rules; `min_confidence` is that of the calibration in force.
        policy_hash: Digest of the policy as it was written.
        signals: Says what a ticket's words mean under it.
        ground: What confidence rests on.
        coefficients: Behind the confidence.
    """

    policy: Policy
    policy_hash: str
    signals: TicketSignals
    ground: Ground = PRESET
    coefficients: Coefficients = field(default_factory=preset)


class PolicyKeeper:
    """Keeps the policy in force in step with its file. Safe to use from several threads.

    An edit takes effect with the next ticket. One that cannot be used changes nothing: the last good policy stays in
    force, and `problem` says why.
    """

    def __init__(self, base: Policy, path: Path, embedder: Embedder, cache: Path) -> None:
        """Read the policy.

        Args:
            base: What the embedding model settles.
            path: The organisation's file; until there is one, the shipped policy is in force.
            embedder: The index's embedding model.
            cache: Folder that keeps what exemplars taught.

        Raises:
            PolicyError: The file cannot be used, and there is no earlier policy to keep.
        """
        self._base = base
        self._path = path
        self._embedder = embedder
        self._cache = cache
        self._lock = threading.Lock()
        self._problem: str | None = None
        self._loaded = load_policy(base, path if path.exists() else None)
        self._stamps = self._stamp_all(self._loaded)
        self._rules: Rules | None = None

    @property
    def problem(self) -> str | None:
        """Why the file as it is now is not in force; `None` where it is."""
        return self._problem

    @property
    def loaded(self) -> LoadedPolicy:
        """The policy in force, with where each value came from."""
        return self._loaded

    def current(self) -> Rules:
        """Return the rules in force, read anew where the file has changed."""
        rules = self._rules
        stamps = self._stamp_all(self._loaded)
        if rules is not None and stamps == self._stamps:
            return rules
        with self._lock:
            if stamps != self._stamps:
                self._reload(stamps)
            # Only now: a command that decides nothing needs neither the patterns nor the exemplars.
            if self._rules is None:
                rules, whole = self._compile(self._loaded)
                # While the model cannot be had, the patterns alone speak, and the next ticket tries again.
                self._rules = rules if whole else None
                return rules
            return self._rules

    def _reload(self, stamps: Stamps) -> None:
        try:
            loaded = load_policy(self._base, self._path)
            rules, whole = self._compile(loaded)
        except PolicyError as error:
            self._problem = str(error)
            self._stamps = stamps
            _LOG.warning("the changed policy cannot be used, the one before it stays in force: %s", error)
            return
        self._loaded, self._rules, self._problem = loaded, rules if whole else None, None
        self._stamps = self._stamp_all(loaded)
        _LOG.warning("the policy has changed, now %s", rules.policy_hash)

    def _stamp_all(self, loaded: LoadedPolicy) -> Stamps:
        return tuple(_stamp(file) for file in dict.fromkeys((self._path, *loaded.files)))

    def _compile(self, loaded: LoadedPolicy) -> tuple[Rules, bool]:
        letters, judge = read_letters(loaded.exemplars), None
        try:
            judge = judge_for(letters, loaded.exemplars, self._embedder, self._cache)
        except IndexingError as error:
            _LOG.warning("until the model can be had, risk is recognised by patterns and letters alone: %s", error)
        signals = SignalReader(loaded.policy, letters, judge, self._embedder.embed_passages)
        return Rules(loaded.policy, loaded.policy.hash(), signals), judge is not None


def _stamp(file: Path) -> tuple[int, int, int] | None:
    try:
        found = file.stat()
    except OSError:
        return None
    return found.st_ino, found.st_size, found.st_mtime_ns
