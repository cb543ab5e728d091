"""A folder of vectors that nobody else has open enters, and is optimised; `beside.py` runs this as a process."""

import ctypes
import os
import signal
import sys
from pathlib import Path

from index.store.edge import EdgeStore

_PR_SET_PDEATHSIG = 1
_NICER = 10


def main() -> None:
    """Optimise the folder named first, with vectors of the length named second."""
    if sys.platform == "linux":
        # Whoever started it would wait for it: without them there is no use for its work.
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    # Queries go first.
    os.nice(_NICER)
    store = EdgeStore.open(Path(sys.argv[1]), int(sys.argv[2]))
    store.optimize_here()
    store.close()


if __name__ == "__main__":
    main()
