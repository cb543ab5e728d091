"""The shipped exemplars enter, their vectors under the bundled model are written to where the package carries them."""

from agent.policy_file import SHIPPED_EXEMPLARS
from agent.risk.exemplars import parse_exemplars
from agent.risk.vectors import SHIPPED, ship
from index.embed.bundled import load_bundled


def main() -> None:
    """Write them anew; to be run after every change of the exemplars, which a test asks for."""
    exemplars = parse_exemplars(SHIPPED_EXEMPLARS.read_text(encoding="utf-8"), str(SHIPPED_EXEMPLARS))
    for old in SHIPPED.glob("*.npy"):
        old.unlink()
    print(f"{len(exemplars)} vectors written to {ship(exemplars, load_bundled())}")


if __name__ == "__main__":
    main()
