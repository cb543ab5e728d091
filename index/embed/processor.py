"""Nothing enters but this machine; what its processor and devices are good at leaves."""

import os
import platform
from pathlib import Path

_CPUINFO = Path("/proc/cpuinfo")
_NVIDIA = Path("/proc/driver/nvidia/version")
_INT8_FLAGS = frozenset({"avx512_vnni", "avx_vnni", "avx_vnni_int8", "asimddp", "i8mm"})
"""Instructions that multiply and add 8-bit integers four at a time, as Linux names them on x86 and ARM."""


def multiplies_int8_fast(cpuinfo: Path = _CPUINFO) -> bool:
    """Say whether the processor multiplies 8-bit integers much faster than floats.

    Args:
        cpuinfo: Where the kernel lists the processor's flags.

    Returns:
        Whether it does; `False` where that cannot be told.
    """
    if platform.system() == "Darwin":
        return platform.machine() == "arm64"
    try:
        lines = cpuinfo.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return False
    flags = next((line for line in lines if line.startswith(("flags", "Features"))), "")
    return not _INT8_FLAGS.isdisjoint(flags.partition(":")[2].split())


def may_have_gpu(driver: Path = _NVIDIA) -> bool:
    """Say whether it is worth the seconds to ask torch for a GPU.

    Args:
        driver: The file that an NVIDIA driver puts there.

    Returns:
        Whether a driver is loaded.
    """
    return driver.exists()


def usable_cores() -> int:
    """Count the cores that this process may use.

    Returns:
        At least 1; fewer than the machine has where the process is bound to some of them.
    """
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0)) or 1
    return os.cpu_count() or 1
