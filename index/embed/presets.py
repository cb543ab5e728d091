"""A model's name enters, everything that differs from one embedding model to the next leaves."""

from dataclasses import dataclass

from index.errors import EmbeddingError
from index.models import EmbeddingSpec, Pooling

REMOTE = "openai:"
"""Before the name of a model that an OpenAI-compatible endpoint serves."""

_BGE_QUERY = "Represent this sentence for searching relevant passages: "


@dataclass(frozen=True, slots=True)
class Similarity:
    """Where a model's cosines lie; starting points where nothing has been calibrated.

    Attributes:
        unrelated: Typical cosine of a query and a passage that have nothing to do with each other.
        related: Typical cosine of a query and the passage that answers it.
        min_similarity: Default threshold below which a match is not one.
    """

    unrelated: float
    related: float
    min_similarity: float


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
        similarity: Where its cosines lie.
    """

    name: str
    hub_id: str
    dimension: int
    pooling: Pooling
    query_prefix: str
    passage_prefix: str
    max_tokens: int
    similarity: Similarity


# The ranges are those the model cards and their issue threads report (E5 is trained at temperature 0.01 and
# stays above 0.7: https://huggingface.co/intfloat/e5-base-v2#faq); MiniLM's were measured on runbook tickets.
# A threshold worth acting on comes from calibration; these only keep an uncalibrated index from matching anything.
_BGE_V15 = Similarity(unrelated=0.45, related=0.75, min_similarity=0.60)
_BGE_M3 = Similarity(unrelated=0.40, related=0.65, min_similarity=0.50)
_E5 = Similarity(unrelated=0.75, related=0.87, min_similarity=0.80)
_MINILM = Similarity(unrelated=0.15, related=0.60, min_similarity=0.35)


def _bge(size: str, dimension: int) -> Preset:
    name = f"bge-{size}-en-v1.5"
    return Preset(name, f"BAAI/{name}", dimension, "cls", _BGE_QUERY, "", 512, _BGE_V15)


def _e5(name: str, dimension: int) -> Preset:
    return Preset(name, f"intfloat/{name}", dimension, "mean", "query: ", "passage: ", 512, _E5)


MINILM = Preset("minilm", "sentence-transformers/all-MiniLM-L6-v2", 384, "mean", "", "", 256, _MINILM)
BGE_SMALL = _bge("small", 384)

PRESETS: tuple[Preset, ...] = (
    BGE_SMALL,
    _bge("base", 768),
    _bge("large", 1024),
    Preset("bge-m3", "BAAI/bge-m3", 1024, "cls", "", "", 8192, _BGE_M3),
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


def similarity_of(spec: EmbeddingSpec) -> Similarity:
    """Say where the cosines of a recorded model lie.

    Args:
        spec: The model, as an index or an embedder gives it.

    Returns:
        Its similarity preset; for a model without one, that of BGE, the default family.
    """
    preset = find_preset(spec.model.removeprefix(REMOTE))
    return preset.similarity if preset else _BGE_V15
