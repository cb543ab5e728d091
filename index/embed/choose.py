"""What the user asked for and what the index records enter; the embedder to use and why leave."""

from pathlib import Path

from index.embed.bundled import BUNDLED_REVISION, load_bundled
from index.embed.hub import Hub, HuggingFaceHub
from index.embed.identity import require_same
from index.embed.local import load_local
from index.embed.presets import BGE_SMALL, MINILM, Preset, find_preset, known_names, preset_for
from index.errors import EmbeddingError, EmbeddingMismatchError
from index.models import EmbeddingSpec
from index.ports import Embedder

AUTO = "auto"
BUNDLED = "bundled"


def choose_embedder(
    requested: str, recorded: EmbeddingSpec | None, home: Path, hub: Hub | None = None
) -> tuple[Embedder, str]:
    """Load the embedder for an index.

    Args:
        requested: `auto`, `bundled`, a preset's name, a hub id, a model folder, or `NAME@FOLDER`.
        recorded: The model the index was built with, if it has one.
        home: The folder that holds the index, for messages.
        hub: Where models come from; the Hugging Face hub by default.

    Returns:
        The embedder, and one line that says which and why.

    Raises:
        EmbeddingMismatchError: The index was built with another model than the one requested.
        EmbeddingError: The model is unknown, or cannot be had or loaded.
    """
    hub = hub or HuggingFaceHub()
    if requested == AUTO and recorded is None:
        return _for_new_index(hub)
    if requested == AUTO and recorded is not None:
        embedder, _ = _by_preset(preset_for(recorded.model), hub, recorded)
        require_same(recorded, embedder.spec, home)
        return embedder, f"Embedding with {recorded.model}: the index was built with it."
    preset, folder = _parse(requested)
    if recorded is not None and recorded.model != preset.hub_id:
        raise EmbeddingMismatchError(
            f"The index in {str(home)!r} was built with {recorded.model!r}, --embedding asks for {preset.hub_id!r}. "
            f"Pass --embedding {recorded.model}, or move {str(home)!r} away and run `runcite ingest SOURCE` to build "
            "the index anew."
        )
    if folder is not None:
        embedder, where = load_local(preset, folder), f"from {str(folder)!r}"
    elif requested == BUNDLED:
        embedder, where = load_bundled(), "bundled with Runcite"
    else:
        embedder, where = _by_preset(preset, hub, recorded)
    if recorded is not None:
        require_same(recorded, embedder.spec, home)
    return embedder, f"Embedding with {preset.hub_id}, {where}, as requested."


def _for_new_index(hub: Hub) -> tuple[Embedder, str]:
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


def _by_preset(preset: Preset, hub: Hub, recorded: EmbeddingSpec | None) -> tuple[Embedder, str]:
    if preset == MINILM and (recorded is None or recorded.revision == BUNDLED_REVISION):
        return load_bundled(), "bundled with Runcite"
    folder = hub.cached(preset.hub_id)
    if folder is not None:
        return load_local(preset, folder), "found on this machine"
    return load_local(preset, hub.download(preset.hub_id)), "downloaded from the model hub"


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
