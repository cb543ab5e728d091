"""The composition root: settings enter, an open home leaves. The only place that chooses concrete parts."""

import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path

from agent.decide.extractive import ExtractiveDecider
from agent.policy import Policy
from agent.policy_file import LoadedPolicy, load_policy
from agent.rules import PolicyKeeper
from agent.triage import Triager
from api.errors import ConfigurationError, NothingToDoError
from api.home import LocalRuntime
from api.settings import Settings
from api.shelf import Shelf
from api.sources import open_source
from index.catalog import Catalog
from index.embed.choose import choose_embedder
from index.embed.presets import similarity_of
from index.lock import HomeLock
from index.models import EmbeddingSpec
from index.ports import Embedder
from index.retrieve import Retriever
from index.store.edge import EdgeStore
from index.sync import Syncer
from ingest.chunk import Chunker
from ingest.read import fingerprint, fingerprint_etag, read

CATALOG_NAME = "catalog.sqlite"
VECTORS_NAME = "vectors"
POLICY_NAME = "policy.yml"
EXEMPLARS_NAME = "exemplars"

OnNotice = Callable[[str], None]
"""Called with one line that a person should see, such as which model was chosen and why."""


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
    settings: Settings, *, create: bool = False, command: str = "", notice: OnNotice = _silent
) -> Iterator[LocalRuntime]:
    """Open a home whole: lock, catalog, model and vectors.

    Args:
        settings: Which home, and which model for a new one.
        create: Make the home where there is none.
        command: What the process does, for others who find the home held.
        notice: Told which model was chosen and why.

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
        opened.enter_context(_lock(settings.home, command or " ".join(["runcite", *sys.argv[1:2]])))
        catalog = Catalog.open(settings.home / CATALOG_NAME)
        opened.callback(catalog.close)
        if not create:
            _require_articles(catalog, settings.home)
        embedder, why = choose_embedder(settings.embedding, catalog.embedding(), settings.home)
        notice(why)
        store = EdgeStore.open(settings.home / VECTORS_NAME, embedder.spec.dimension)
        opened.callback(store.close)
        yield _connect(catalog, store, embedder, settings)


def _lock(home: Path, command: str) -> HomeLock:
    try:
        return HomeLock.acquire(home, command)
    except OSError as error:
        raise ConfigurationError(
            f"the home {str(home)!r} cannot be used: {error.strerror}; expected a folder that can be written, "
            "or a path where one can be made"
        ) from error


def _connect(catalog: Catalog, store: EdgeStore, embedder: Embedder, settings: Settings) -> LocalRuntime:
    policy = PolicyKeeper(policy_for(embedder.spec), policy_path(settings), embedder, settings.home / EXEMPLARS_NAME)
    retriever = Retriever(embedder, store, catalog)
    spec = embedder.spec
    chunker = Chunker(spec.max_tokens - embedder.count_tokens(spec.passage_prefix), embedder.count_tokens)
    return LocalRuntime(
        catalog=catalog,
        retriever=retriever,
        triager=Triager(retriever, catalog, ExtractiveDecider(), policy.current, embedder.spec.model),
        syncer=Syncer(
            catalog,
            store,
            embedder,
            read=read,
            fingerprint=fingerprint,
            chunk=chunker.chunk,
            fingerprint_etag=fingerprint_etag,
        ),
        shelf=Shelf(catalog, settings.home, lambda: policy.loaded.policy.windows),
        policy=policy,
        open_source=partial(open_source, settings=settings),
    )


def _require_catalog(home: Path) -> None:
    if not (home / CATALOG_NAME).exists():
        raise NothingToDoError(
            f"no index in {str(home)!r}; expected one made by `runcite ingest FOLDER`, or another --home"
        )


def _require_articles(catalog: Catalog, home: Path) -> None:
    if not catalog.standings():
        raise NothingToDoError(f"the index in {str(home)!r} holds no article; run `runcite ingest FOLDER` first")
