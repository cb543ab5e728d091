"""What the user asked for and what the index records enter; the embedder to use and why leave."""

import logging
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from index.embed.bundled import BUNDLED_REVISION, load_bundled
from index.embed.endpoint import Endpoint
from index.embed.hub import Hub, HuggingFaceHub
from index.embed.identity import require_same
from index.embed.kept import MODELS_NAME, open_kept
from index.embed.local import LocalEmbedder, load_local
from index.embed.presets import BGE_SMALL, MINILM, REMOTE, Preset, find_preset, known_names, preset_for
from index.embed.processor import may_have_gpu, multiplies_int8_fast
from index.embed.weights import weights_revision
from index.errors import EmbeddingError, EmbeddingMismatchError, NotCompilableError
from index.models import EmbeddingSpec, Numerics
from index.ports import Embedder

if TYPE_CHECKING:
    from index.embed.fast import FastEmbedder

_log = logging.getLogger(__name__)

AUTO = "auto"
BUNDLED = "bundled"


def choose_embedder(
    requested: str,
    recorded: EmbeddingSpec | None,
    home: Path,
    hub: Hub | None = None,
    endpoint: Endpoint | None = None,
) -> tuple[Embedder, str]:
    """Load the embedder for an index.

    Args:
        requested: `auto`, `bundled`, a preset's name, a hub id, a model folder, or `NAME@FOLDER`, or
            `openai:MODEL` for an OpenAI-compatible endpoint.
        recorded: The model the index was built with, if it has one.
        home: The folder that holds the index; compiled models are kept in it.
        hub: Where models come from; the Hugging Face hub by default.
        endpoint: Where a model that is served elsewhere is found.

    Returns:
        The embedder, and one line that says which and why.

    Raises:
        EmbeddingMismatchError: The index was built with another model than the one requested.
        EmbeddingError: The model is unknown, or cannot be had or loaded.
    """
    name = recorded.model if requested == AUTO and recorded is not None else requested
    if name.startswith(REMOTE):
        return _remote(name, recorded, home, endpoint)
    hub = hub or HuggingFaceHub()
    preset, folder = (None, None) if requested == AUTO else _parse(requested)
    if recorded is None:
        reference, why = _for_new_index(hub) if preset is None else _load(preset, folder, hub, None)
        embedder = _quickest(reference, home)
    else:
        if preset is not None:
            _require_model(recorded, preset.hub_id, home)
        kept = _kept(recorded, folder, home)
        if kept is not None:
            embedder = kept
        else:
            reference, _ = _load(preset or preset_for(recorded.model), folder, hub, recorded)
            embedder = _as_recorded(reference, recorded, home)
        why = f"Embedding with {recorded.model}: the index was built with it."
    return embedder, f"{why} Computes in {embedder.spec.numerics}."


def _for_new_index(hub: Hub) -> tuple[LocalEmbedder, str]:
    """Prefer BGE small, but never make the first run depend on a network."""
    name = BGE_SMALL.hub_id
    folder = hub.cached(name)
    if folder is not None:
        return load_local(BGE_SMALL, folder), f"Embedding with {name}: a new index, and the model is on this machine."
    if not hub.reachable(name):
        return load_bundled(), f"Embedding with the bundled {MINILM.hub_id}: the model hub cannot be reached."
    try:
        folder = hub.download(name)
    except EmbeddingError as error:
        return load_bundled(), f"Embedding with the bundled {MINILM.hub_id}: {error}"
    return load_local(BGE_SMALL, folder), f"Embedding with {name}: a new index, and the model hub has it."


def _load(preset: Preset, folder: Path | None, hub: Hub, recorded: EmbeddingSpec | None) -> tuple[LocalEmbedder, str]:
    if folder is not None:
        return load_local(preset, folder), f"Embedding with {preset.hub_id}, from {str(folder)!r}, as requested."
    if preset == MINILM and (recorded is None or recorded.revision == BUNDLED_REVISION):
        return load_bundled(), f"Embedding with {preset.hub_id}, bundled with Runcite, as requested."
    found = hub.cached(preset.hub_id)
    if found is not None:
        return load_local(preset, found), f"Embedding with {preset.hub_id}, found on this machine, as requested."
    found = hub.download(preset.hub_id)
    return load_local(preset, found), f"Embedding with {preset.hub_id}, downloaded from the model hub, as requested."


def _kept(recorded: EmbeddingSpec, folder: Path | None, home: Path) -> Embedder | None:
    """Open the graph that the home keeps, unless a folder of other weights or a GPU is to be used."""
    other = folder is not None and weights_revision(folder) != recorded.revision
    if other or (recorded.numerics == "fp32" and may_have_gpu()):
        return None
    return open_kept(home / MODELS_NAME, recorded)


def _compile(reference: LocalEmbedder, numerics: Numerics, home: Path) -> "FastEmbedder":
    from index.embed.compiled import compile_model  # noqa: PLC0415  # once per home; loads onnx

    return compile_model(reference, numerics, home / MODELS_NAME)


def _quickest(reference: LocalEmbedder, home: Path) -> Embedder:
    """Choose what a new index computes in: a GPU, 8-bit integers where the processor is good at them, or fp32."""
    if reference.on_gpu:
        return reference
    ladder: tuple[Numerics, ...] = ("int8", "fp32") if multiplies_int8_fast() else ("fp32",)
    for numerics in ladder:
        try:
            return _compile(reference, numerics, home)
        except NotCompilableError as error:
            _log.info("%s", error)
    return reference


def _as_recorded(reference: LocalEmbedder, recorded: EmbeddingSpec, home: Path) -> Embedder:
    """Compute as the index was computed."""
    require_same(recorded, replace(reference.spec, numerics=recorded.numerics), home)
    if recorded.numerics == "fp32" and reference.on_gpu:
        return reference
    try:
        return _compile(reference, recorded.numerics, home)
    except NotCompilableError as error:
        if recorded.numerics == "fp32":
            return reference
        raise EmbeddingMismatchError(
            f"The index in {str(home)!r} was embedded in {recorded.numerics}, and this machine cannot compute so: "
            f"{error} Run `runcite reindex` to build the index anew."
        ) from error


def _remote(name: str, recorded: EmbeddingSpec | None, home: Path, endpoint: Endpoint | None) -> tuple[Embedder, str]:
    from index.embed.remote import RemoteEmbedder  # noqa: PLC0415  # loads the openai SDK

    if recorded is not None:
        _require_model(recorded, name, home)
    if endpoint is None:
        raise EmbeddingError(
            f"{name!r} is served by an endpoint, and RUNCITE_EMBEDDING_URL is not set; expected its base URL, such as "
            "https://api.openai.com/v1."
        )
    return (
        RemoteEmbedder(endpoint, name.removeprefix(REMOTE), recorded),
        f"Embedding with {name} at {endpoint.url}: {'the index was built with it' if recorded else 'as requested'}.",
    )


def _require_model(recorded: EmbeddingSpec, asked: str, home: Path) -> None:
    if recorded.model != asked:
        raise EmbeddingMismatchError(
            f"The index in {str(home)!r} was built with {recorded.model!r}, --embedding asks for {asked!r}. "
            f"Pass --embedding {recorded.model}, or run `runcite reindex --embedding {asked}` to build the index anew."
        )


def _parse(requested: str) -> tuple[Preset, Path | None]:
    if requested == BUNDLED:
        return MINILM, None
    preset = find_preset(requested)
    if preset is not None:
        return preset, None
    name, at, folder = requested.partition("@")
    preset = find_preset(name)
    if at and preset is not None:
        return preset, Path(folder)
    if Path(requested).is_dir():
        return _preset_of(Path(requested)), Path(requested)
    return preset_for(requested), None


def _preset_of(folder: Path) -> Preset:
    """Recognise a model folder by its own name or, in the hub's cache, by that of the folder above."""
    resolved = folder.resolve()
    cached = [above.name.rpartition("--")[2] for above in resolved.parents if above.name.startswith("models--")]
    for name in (resolved.name, *cached):
        preset = find_preset(name)
        if preset is not None:
            return preset
    raise EmbeddingError(
        f"Cannot tell which model {str(folder)!r} holds: expected a folder named after one of {known_names()}. "
        "Name it yourself: --embedding NAME@FOLDER."
    )
