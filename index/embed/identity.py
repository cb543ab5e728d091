"""Two descriptions of an embedding model enter; nothing leaves, or a clear error where they cannot share an index."""

from dataclasses import asdict
from pathlib import Path

from index.errors import EmbeddingMismatchError
from index.models import EmbeddingSpec


def require_same(recorded: EmbeddingSpec, offered: EmbeddingSpec, home: Path) -> None:
    """Check that an index may be used with a model.

    Args:
        recorded: The model the index was built with.
        offered: The model about to be used.
        home: The folder that holds the index, for the message.

    Raises:
        EmbeddingMismatchError: They differ in anything that changes a vector.
    """
    if recorded == offered:
        return
    then, now = asdict(recorded), asdict(offered)
    differing = ", ".join(f"{name} {then[name]!r} against {now[name]!r}" for name in then if then[name] != now[name])
    # Of another state of the same model there is nothing to ask for by name.
    remedy = f"Pass --embedding {recorded.model}" if recorded.model != offered.model else "Bring that state of it back"
    raise EmbeddingMismatchError(
        f"The index in {str(home)!r} was built with {recorded.model!r} ({recorded.revision}), this is "
        f"{offered.model!r} ({offered.revision}): {differing}. {remedy}, or run "
        f"`runcite reindex --embedding {offered.model}` to build the index anew."
    )
