"""The composition root: settings enter, an open home leaves. The only place that chooses concrete parts."""

import math
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, nullcontext
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from agent.calibration import CALIBRATION_NAME, CalibrationKeeper
from agent.decide.extractive import ExtractiveDecider
from agent.desk import Desk
from agent.ledger import Ledger
from agent.policy import Policy
from agent.policy_file import LoadedPolicy, load_policy
from agent.rules import PolicyKeeper
from agent.scrub import scrub
from agent.triage import Triager
from api.actor import actor
from api.errors import ConfigurationError, NothingToDoError
from api.home import LocalRuntime
from api.leftovers import recover
from api.live import Live, Serving
from api.move import Mover
from api.reading import fingerprint, fingerprint_etag, open_source, read
from api.rebuild import Rebuilder, chunking, endpoint_of
from api.retention import Retention
from api.settings import Settings, at_server
from api.shelf import Shelf
from api.stores import OnNotice, Stores
from index.catalog import Catalog
from index.embed.cache import CACHE_NAME, CachedEmbedder, VectorCache
from index.embed.choose import AUTO, choose_embedder
from index.embed.late import LateEmbedder
from index.errors import EmbeddingError
from index.health import Health, WatchedSearcher
from index.lock import HomeLock
from index.models import EmbeddingSpec
from index.ports import Embedder
from index.retrieve import Retriever
from index.sync import Syncer

if TYPE_CHECKING:
    from api.model import ModelParts

CATALOG_NAME = "catalog.sqlite"
POLICY_NAME = "policy.yml"
EXEMPLARS_NAME = "exemplars"


def _scrubbed(text: str) -> str:
    """Take secrets and personal data out of what a language model is shown."""
    return scrub(text).text


def _silent(_notice: str) -> None:
    """Tell nobody."""


def policy_path(settings: Settings) -> Path:
    """Say where the organisation's policy file is, or would be.

    Raises:
        ConfigurationError: One is named, and is not there.
    """
    if settings.policy is None:
        return settings.home / POLICY_NAME
    if not settings.policy.is_file():
        raise ConfigurationError(
            f"RUNCITE_POLICY={str(settings.policy)!r} is no file; expected a policy file such as docs/policy.md shows"
        )
    return settings.policy


def loaded_policy(settings: Settings) -> LoadedPolicy:
    """Read the policy in force, for those who need no model.

    Args:
        settings: Which home, and which file.

    Raises:
        PolicyError: The file cannot be used.
    """
    path = policy_path(settings)
    return load_policy(Policy(), path if path.exists() else None)


@contextmanager
def open_shelf(settings: Settings, command: str = "runcite") -> Iterator[Shelf]:
    """Open a home for reading articles: no lock, no model, beside whatever process holds the store.

    Args:
        settings: Which home.
        command: What the process does, for the audit log.

    Yields:
        Its articles.

    Raises:
        NothingToDoError: There is no index in the home.
        CatalogError: The catalog is damaged.
    """
    require_catalog(settings.home)
    catalog = Catalog.open(settings.home / CATALOG_NAME)
    try:
        policy = loaded_policy(settings).policy
        ledger = Ledger.open(catalog.engine, catalog.path, actor(command))
        yield Shelf(catalog, ledger, settings.home, lambda: policy.windows)
    finally:
        catalog.close()


@contextmanager
def open_runtime(
    settings: Settings, *, create: bool = False, command: str = "", notice: OnNotice = _silent, wait: bool = False
) -> Iterator[LocalRuntime]:
    """Open a home whole: lock, catalog, model and vectors.

    Args:
        settings: Which home, and which model for a new one.
        create: Make the home where there is none.
        command: What the process does, for others who find the home held.
        notice: Told which model was chosen and why.
        wait: Open an index whose model cannot be had, and use it as soon as it can.

    Yields:
        The open home, closed when the block ends.

    Raises:
        NothingToDoError: There is no index in the home, and none is to be made.
        StoreHeldError: Another process holds the home.
        EmbeddingMismatchError: It was built with another model than the one set.
        CatalogError: The catalog is damaged.
    """
    if create:
        recover(settings.home)
    else:
        require_catalog(settings.home)
    with ExitStack() as opened:
        command = command or " ".join(["runcite", *sys.argv[1:2]])
        model = opened.enter_context(_language_model(settings))
        alone = settings.qdrant_url is None
        if alone:
            # The vectors are in the home, and one process may have them open.
            opened.enter_context(_lock(settings.home, command))
        catalog = Catalog.open(settings.home / CATALOG_NAME)
        opened.callback(catalog.close)
        if alone:
            # Only the lock's holder runs anything, so what seems to run was cut off.
            catalog.run_log.close_open()
        holding = nullcontext if alone else partial(_lock, settings.home, command)
        if not create:
            _require_articles(catalog, settings.home)
        ledger = Ledger.open(catalog.engine, catalog.path, actor(command))
        retention = Retention(ledger, settings.keep_words_days)
        retention.start()
        opened.callback(retention.stop)
        stores = Stores(settings, catalog, notice)
        if alone:
            stores.tidy()
        opener = _Opener(settings, catalog, stores, ledger, model, wait)
        live = Live(opener.open(settings.embedding), catalog.generations, opener.follow)
        opened.callback(live.close)
        if not alone:
            live.watch()
        shelf = Shelf(catalog, ledger, settings.home, lambda: live.now.policy.loaded.policy.windows)
        yield LocalRuntime(
            catalog=catalog,
            ledger=ledger,
            live=live,
            rebuilder=Rebuilder(settings, catalog, stores, ledger),
            shelf=shelf,
            history=shelf.history,
            open_source=partial(open_source, settings=settings),
            holding=holding,
        )


@contextmanager
def open_rebuilder(settings: Settings, *, command: str = "", notice: OnNotice = _silent) -> Iterator[Rebuilder]:
    """Open a home to build its index anew, whatever became of the model or the vectors that it has now.

    Args:
        settings: Which home.
        command: What the process does, for others who find the home held.
        notice: Told which model was chosen and why.

    Yields:
        What builds it.

    Raises:
        NothingToDoError: There is no index in the home.
        StoreHeldError: Another process holds the home.
        CatalogError: The catalog is damaged.
    """
    require_catalog(settings.home)
    with _lock(settings.home, command), ExitStack() as opened:
        catalog = Catalog.open(settings.home / CATALOG_NAME)
        opened.callback(catalog.close)
        if settings.qdrant_url is None:
            catalog.run_log.close_open()
        _require_articles(catalog, settings.home)
        ledger = Ledger.open(catalog.engine, catalog.path, actor(command))
        yield Rebuilder(settings, catalog, Stores(settings, catalog, notice), ledger)


@contextmanager
def open_mover(settings: Settings, url: str, *, command: str, notice: OnNotice = _silent) -> Iterator[Mover]:
    """Open a home to copy its vectors to a Qdrant server, or back. No model is loaded.

    Args:
        settings: Which home, and how a new collection is laid out.
        url: The server's REST address.
        command: What the process does, for others who find the home held.
        notice: Told what a person should know.

    Yields:
        What copies them.

    Raises:
        ConfigurationError: The address is none.
        NothingToDoError: There is no index in the home.
        StoreHeldError: Another process holds the home.
        CatalogError: The catalog is damaged.
    """
    inside, outside = at_server(settings, None), at_server(settings, url)
    require_catalog(settings.home)
    with _lock(settings.home, command), ExitStack() as opened:
        catalog = Catalog.open(settings.home / CATALOG_NAME)
        opened.callback(catalog.close)
        _require_articles(catalog, settings.home)
        yield Mover(catalog, Stores(inside, catalog, notice), Stores(outside, catalog, notice))


@dataclass(frozen=True, slots=True)
class _Opener:
    """Opens the live generation of a home, with all that depends on its embedding model.

    Attributes:
        model: The language model that drafts decisions, if there is one.
        wait: Open one whose model cannot be had, and use it as soon as it can.
    """

    settings: Settings
    catalog: Catalog
    stores: Stores
    ledger: Ledger
    model: "ModelParts | None"
    wait: bool

    def follow(self) -> Serving:
        """Open what has become live; by which model, the catalog says, whatever was asked for at the start.

        Raises:
            EmbeddingError: That model cannot be had; better to go on with what is open than to wait for it.
        """
        serving = replace(self, wait=False).open(AUTO)
        # The vectors of its exemplars are made here, so that no ticket waits for them.
        serving.policy.current()
        return serving

    def open(self, requested: str) -> Serving:
        """Open what is live.

        Args:
            requested: The model; `AUTO` for the recorded one.
        """
        settings, catalog = self.settings, self.catalog
        generation = catalog.generations.live()
        with ExitStack() as opening:
            embedding = self._embedder(requested, generation.embedding)
            vectors = VectorCache.open(settings.home / CACHE_NAME, embedding.spec)
            opening.callback(vectors.close)
            embedder = CachedEmbedder(embedding, vectors)
            store = self.stores.open(generation.number, embedding.spec.dimension)
            opening.callback(store.close)
            health = Health(store, catalog, embedder, generation.number)
            health.start()
            opening.callback(health.stop)
            # Vectors in the home are read in a time that depends on this machine alone: nothing is gained by giving up.
            budget_s = settings.qdrant_timeout_s if self.stores.are_shared else math.inf
            retriever = Retriever(embedder, store, catalog, generation=generation.number, budget_s=budget_s)
            searcher = WatchedSearcher(retriever, health)
            syncer = Syncer(
                catalog,
                store,
                embedder,
                read=read,
                fingerprint=fingerprint,
                chunk=chunking(embedder),
                fingerprint_etag=fingerprint_etag,
            )
            # Past the cache: what tickets say is not kept, and no ticket waits for a disk.
            policy = PolicyKeeper(Policy(), policy_path(settings), embedding, settings.home / EXEMPLARS_NAME)
            decider = ExtractiveDecider() if self.model is None else self.model.decider(searcher, _scrubbed)
            rules = CalibrationKeeper(settings.home / CALIBRATION_NAME, policy.current, catalog)
            triager = Triager(searcher, catalog, decider, rules.current, embedding.spec.model)
            desk = Desk(triager, self.ledger, catalog)
            return Serving(generation.number, searcher, triager, desk, policy, syncer, health, opening.pop_all())

    def _embedder(self, requested: str, recorded: EmbeddingSpec | None) -> Embedder:
        settings, notice = self.settings, self.stores.notice

        def load() -> Embedder:
            embedder, why = choose_embedder(requested, recorded, settings.home, endpoint=endpoint_of(settings))
            notice(why)
            return embedder

        try:
            return load()
        except EmbeddingError as error:
            if recorded is None or not self.wait:
                raise
            notice(f"{error} Until then tickets are handed over.")
            return LateEmbedder(recorded, load)


@contextmanager
def _language_model(settings: Settings) -> Iterator["ModelParts | None"]:
    if settings.decider == "extractive":
        yield None
        return
    from api.model import open_model  # noqa: PLC0415 - what it loads takes long, and most homes have no use for it

    with open_model(settings) as parts:
        yield parts


def _lock(home: Path, command: str) -> HomeLock:
    try:
        return HomeLock.acquire(home, command)
    except OSError as error:
        raise ConfigurationError(
            f"the home {str(home)!r} cannot be used: {error.strerror}; expected a folder that can be written, "
            "or a path where one can be made"
        ) from error


def require_catalog(home: Path) -> None:
    """Check that there is an index in a home, one that a killed restore had put aside included.

    Raises:
        NothingToDoError: There is none.
    """
    recover(home)
    if not (home / CATALOG_NAME).exists():
        raise NothingToDoError(
            f"no index in {str(home)!r}; expected one made by `runcite ingest FOLDER`, or another --home"
        )


def _require_articles(catalog: Catalog, home: Path) -> None:
    if not catalog.standings():
        raise NothingToDoError(f"the index in {str(home)!r} holds no article; run `runcite ingest FOLDER` first")
