"""The shipped exemplars and the bundled model enter; what they teach is written to where the package carries it."""

import sys
import tempfile
from pathlib import Path

from agent.policy_file import shipped_exemplars
from agent.risk.exemplars import digest
from agent.risk.fit import fit, folded
from agent.risk.kept import SHIPPED
from agent.risk.weights import key_of, save_weights
from index.embed.bundled import load_bundled
from index.embed.compiled import compile_model


def main() -> None:
    """Fit anew; to be run after every change of the exemplars, which a test asks for."""
    exemplars = shipped_exemplars()
    print(f"embedding {len(exemplars)} exemplars", file=sys.stderr)
    with tempfile.TemporaryDirectory() as models:
        embedder = compile_model(load_bundled(), "int8", Path(models))
        vectors = embedder.embed_passages([folded(exemplar) for exemplar in exemplars])
    save_weights(SHIPPED, fit(exemplars, vectors), key_of(embedder.spec, digest(exemplars)))
    print(f"{SHIPPED}: {SHIPPED.stat().st_size / 1e6:.1f} MB from {len(exemplars)} exemplars")


if __name__ == "__main__":
    main()
