"""A model's name enters, everything that differs from one embedding model to the next leaves."""

from dataclasses import dataclass

from index.errors import EmbeddingError
from index.models import Pooling

REMOTE = "openai:"
"""Before the name of a model that an OpenAI-compatible endpoint serves."""

_BGE_QUERY = "Represent this sentence for searching relevant passages: "


@dataclass(frozen=True, slots=True)
class Preset:
    """One embedding model and how it wants to be used.

    Attributes:
        name: Short name.
        hub_id: Name on the Hugging Face hub; also what an index records.
        dimension: Length of a vector.
        pooling: As the model was trained.
        query_prefix: Put before every query.
        passage_prefix: Put before every passage.
        max_tokens: Longest input, special tokens included.
    """

    name: str
    hub_id: str
    dimension: int
    pooling: Pooling
    query_prefix: str
    passage_prefix: str
    max_tokens: int


def _bge(size: str, dimension: int) -> Preset:
    name = f"bge-{size}-en-v1.5"
    return Preset(name, f"BAAI/{name}", dimension, "cls", _BGE_QUERY, "", 512)


def _e5(name: str, dimension: int) -> Preset:
    return Preset(name, f"intfloat/{name}", dimension, "mean", "query: ", "passage: ", 512)


MINILM = Preset("minilm", "sentence-transformers/all-MiniLM-L6-v2", 384, "mean", "", "", 256)
BGE_SMALL = _bge("small", 384)

PRESETS: tuple[Preset, ...] = (
    BGE_SMALL,
    _bge("base", 768),
    _bge("large", 1024),
    Preset("bge-m3", "BAAI/bge-m3", 1024, "cls", "", "", 8192),
    _e5("e5-small-v2", 384),
    _e5("e5-base-v2", 768),
    _e5("e5-large-v2", 1024),
    _e5("multilingual-e5-small", 384),
    _e5("multilingual-e5-base", 768),
    _e5("multilingual-e5-large", 1024),
    MINILM,
)


def find_preset(name: str) -> Preset | None:
    """Look a model up by short name, hub id, or the hub id's last part; case does not matter.

    Args:
        name: What the user or an index calls it.

    Returns:
        The preset, or `None` where none goes by that name.
    """
    wanted = name.strip().casefold()
    for preset in PRESETS:
        hub_id = preset.hub_id.casefold()
        if wanted in {preset.name.casefold(), hub_id, hub_id.rpartition("/")[2]}:
            return preset
    return None


def preset_for(name: str) -> Preset:
    """Look a model up by short name or hub id.

    Args:
        name: What the user or an index calls it.

    Returns:
        The preset.

    Raises:
        EmbeddingError: No preset goes by that name; the message lists those there are.
    """
    preset = find_preset(name)
    if preset is None:
        raise EmbeddingError(
            f"Unknown embedding model {name!r}: expected 'auto', a model folder, or one of {known_names()}."
        )
    return preset


def known_names() -> str:
    """List the short names, for messages.

    Returns:
        Comma-separated names.
    """
    return ", ".join(preset.name for preset in PRESETS)
