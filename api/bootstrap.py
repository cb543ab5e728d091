"""The composition root: settings enter, an open home leaves. The only place that chooses concrete parts."""

import math
import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path

from agent.policy import Policy
from agent.policy_file import LoadedPolicy, load_policy
from agent.rules import PolicyKeeper
from agent.scrub import scrub
from agent.triage import Triager
from api.errors import ConfigurationError, NothingToDoError
from api.home import LocalRuntime
from api.model import ModelParts, decider_of, open_model
from api.reading import fingerprint, fingerprint_etag, open_source, read
from api.settings import Settings, revealed
from api.shelf import Shelf
from index.catalog import Catalog
from index.embed.cache import CACHE_NAME, CachedEmbedder, VectorCache
from index.embed.choose import choose_embedder
from index.embed.endpoint import Endpoint
from index.embed.late import LateEmbedder
from index.embed.presets import similarity_of
from index.errors import EmbeddingError
from index.health import Health, WatchedSearcher
from index.lock import HomeLock
from index.models import EmbeddingSpec
from index.ports import Embedder, VectorStore
from index.retrieve import Retriever
from index.store.edge import EdgeStore
from index.store.rebuilding import RebuildingStore
from index.store.server_options import ServerOptions
from index.sync import Syncer
from ingest.chunk import Chunker

CATALOG_NAME = "catalog.sqlite"
VECTORS_NAME = "vectors"
POLICY_NAME = "policy.yml"
EXEMPLARS_NAME = "exemplars"

OnNotice = Callable[[str], None]
"""Called with one line that a person should see, such as which model was chosen and why."""


def _scrubbed(text: str) -> str:
    """Take secrets and personal data out of what a language model is shown."""
    return scrub(text).text


def _silent(_notice: str) -> None:
    """Tell nobody."""


def policy_for(spec: EmbeddingSpec) -> Policy:
    """Make what a policy starts from for an embedding model: its thresholds depend on where the model's cosines lie."""
    similarity = similarity_of(spec)
    return Policy(
        min_similarity=similarity.min_similarity,
        unrelated_similarity=similarity.unrelated,
        related_similarity=similarity.related,
    )


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


def loaded_policy(settings: Settings, spec: EmbeddingSpec | None) -> LoadedPolicy:
    """Read the policy in force, for those who need no model.

    Args:
        settings: Which home, and which file.
        spec: The index's embedding model, if there is an index.

    Raises:
        PolicyError: The file cannot be used.
    """
    path = policy_path(settings)
    base = policy_for(spec) if spec else Policy(0.0, 0.0, 1.0)
    return load_policy(base, path if path.exists() else None)


@contextmanager
def open_shelf(settings: Settings) -> Iterator[Shelf]:
    """Open a home for reading articles: no lock, no model, beside whatever process holds the store.

    Args:
        settings: Which home.

    Yields:
        Its articles.

    Raises:
        NothingToDoError: There is no index in the home.
        CatalogError: The catalog is damaged.
    """
    _require_catalog(settings.home)
    catalog = Catalog.open(settings.home / CATALOG_NAME)
    try:
        policy = loaded_policy(settings, catalog.embedding()).policy
        yield Shelf(catalog, settings.home, lambda: policy.windows)
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
    if not create:
        _require_catalog(settings.home)
    with ExitStack() as opened:
        command = command or " ".join(["runcite", *sys.argv[1:2]])
        model = opened.enter_context(open_model(settings))
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
        embedding = _embedder(settings, catalog.embedding(), notice, wait=wait)
        cache = VectorCache.open(settings.home / CACHE_NAME, embedding.spec)
        opened.callback(cache.close)
        embedder = CachedEmbedder(embedding, cache)
        store = _open_store(settings, embedder.spec.dimension, catalog.index_id(), notice)
        opened.callback(store.close)
        health = Health(store, catalog, embedder)
        health.start()
        opened.callback(health.stop)
        yield _connect(_Parts(catalog, store, embedder, health, holding, model), settings)


def _embedder(settings: Settings, recorded: EmbeddingSpec | None, notice: OnNotice, *, wait: bool) -> Embedder:
    def load() -> Embedder:
        embedder, why = choose_embedder(settings.embedding, recorded, settings.home, endpoint=_endpoint(settings))
        notice(why)
        return embedder

    try:
        return load()
    except EmbeddingError as error:
        if recorded is None or not wait:
            raise
        notice(f"{error} Until then tickets are handed over.")
        return LateEmbedder(recorded, load)


def _open_store(settings: Settings, dimension: int, index_id: str, notice: OnNotice) -> VectorStore:
    if settings.qdrant_url is not None:
        from index.store.server import ServerStore  # noqa: PLC0415 - the client loads only where it is used

        return ServerStore.connect(_server_options(settings, settings.qdrant_url), dimension, index_id)
    folder = settings.home / VECTORS_NAME
    return RebuildingStore(partial(EdgeStore.open, folder, dimension), partial(_put_aside, folder, notice))


def _server_options(settings: Settings, url: str) -> ServerOptions:
    replicas, confirming = settings.qdrant_replication_factor, settings.qdrant_write_consistency_factor
    if confirming is not None and confirming > replicas:
        raise ConfigurationError(
            f"RUNCITE_QDRANT_WRITE_CONSISTENCY_FACTOR={confirming} cannot be used; expected at most "
            f"RUNCITE_QDRANT_REPLICATION_FACTOR={replicas}: that many copies there are"
        )
    return ServerOptions(
        url=url,
        api_key=revealed(settings.qdrant_api_key),
        prefer_grpc=settings.qdrant_prefer_grpc,
        grpc_port=settings.qdrant_grpc_port,
        collection=settings.qdrant_collection,
        shards=settings.qdrant_shards,
        replicas=replicas,
        write_consistency=confirming,
        quantisation=settings.qdrant_quantisation,
        on_disk_vectors=settings.qdrant_on_disk_vectors,
        on_disk_payload=settings.qdrant_on_disk_payload,
        timeout_s=settings.qdrant_timeout_s,
    )


def _put_aside(folder: Path, notice: OnNotice) -> None:
    """Move damaged vectors out of the way. One such folder is kept, for whoever wants to know what became of them."""
    if not folder.exists():
        return
    aside = folder.with_name(f"{folder.name}.damaged")
    shutil.rmtree(aside, ignore_errors=True)
    folder.rename(aside)
    notice(f"The vectors in {str(folder)!r} are damaged: moved to {aside.name!r}, and made again from the catalog.")


def _endpoint(settings: Settings) -> Endpoint | None:
    url = settings.embedding_url
    return None if url is None else Endpoint(url, revealed(settings.embedding_key))


def _lock(home: Path, command: str) -> HomeLock:
    try:
        return HomeLock.acquire(home, command)
    except OSError as error:
        raise ConfigurationError(
            f"the home {str(home)!r} cannot be used: {error.strerror}; expected a folder that can be written, "
            "or a path where one can be made"
        ) from error


@dataclass(frozen=True, slots=True)
class _Parts:
    """What is open of a home."""

    catalog: Catalog
    store: VectorStore
    embedder: Embedder
    health: Health
    holding: Callable[[], AbstractContextManager[object]]
    model: ModelParts | None


def _connect(parts: _Parts, settings: Settings) -> LocalRuntime:
    catalog, store, embedder = parts.catalog, parts.store, parts.embedder
    policy = PolicyKeeper(policy_for(embedder.spec), policy_path(settings), embedder, settings.home / EXEMPLARS_NAME)
    # Vectors in the home are read in a time that depends on this machine alone, and nothing is gained by giving up.
    budget_s = math.inf if settings.qdrant_url is None else settings.qdrant_timeout_s
    searcher = WatchedSearcher(Retriever(embedder, store, catalog, budget_s=budget_s), parts.health)
    spec = embedder.spec

    @cache
    def chunker() -> Chunker:
        return Chunker(spec.max_tokens - embedder.count_tokens(spec.passage_prefix), embedder.count_tokens)

    return LocalRuntime(
        catalog=catalog,
        searcher=searcher,
        health=parts.health,
        triager=Triager(
            searcher, catalog, decider_of(parts.model, searcher, _scrubbed), policy.current, embedder.spec.model
        ),
        syncer=Syncer(
            catalog,
            store,
            embedder,
            read=read,
            fingerprint=fingerprint,
            chunk=lambda article: chunker().chunk(article),
            fingerprint_etag=fingerprint_etag,
        ),
        shelf=(shelf := Shelf(catalog, settings.home, lambda: policy.loaded.policy.windows)),
        history=shelf.history,
        policy=policy,
        open_source=partial(open_source, settings=settings),
        holding=parts.holding,
    )


def _require_catalog(home: Path) -> None:
    if not (home / CATALOG_NAME).exists():
        raise NothingToDoError(
            f"no index in {str(home)!r}; expected one made by `runcite ingest FOLDER`, or another --home"
        )


def _require_articles(catalog: Catalog, home: Path) -> None:
    if not catalog.standings():
        raise NothingToDoError(f"the index in {str(home)!r} holds no article; run `runcite ingest FOLDER` first")
