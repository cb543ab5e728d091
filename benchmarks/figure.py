"""One line of the scoreboard, and the machine it was measured on."""

import os
import platform
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median


@dataclass(frozen=True, slots=True)
class Figure:
    """A measured figure.

    Attributes:
        name: What was measured.
        value: As printed.
        target: As printed.
        met: Whether the target is met; `None` where there is none.
        spread: Interval or minimum and maximum.
        command: What reproduces it.
    """

    name: str
    value: str
    target: str
    met: bool | None
    spread: str
    command: str


def share(name: str, value: float, low: float, high: float, *, at_least: float, command: str) -> Figure:
    """Make a figure of a proportion with its confidence interval."""
    return Figure(name, f"{value:.3f}", f"≥ {at_least:.2f}", value >= at_least, f"95 % {low:.3f}–{high:.3f}", command)


def seconds(name: str, samples: Sequence[float], *, at_most: float, command: str) -> Figure:
    """Make a figure of repeated timings: the median, with the extremes as its spread."""
    middle = median(samples)
    spread = f"{min(samples):.2f}–{max(samples):.2f} s, n={len(samples)}"
    return Figure(name, f"{middle:.2f} s", f"≤ {at_most:g} s", middle <= at_most, spread, command)


def machine() -> str:
    """Describe this machine in a line."""
    system = f"{platform.system()} {platform.machine()}, Python {platform.python_version()}"
    return f"{_cpu()}, {os.cpu_count()} cores, {system}"


def eval_data() -> Path | None:
    """Return the folder of labelled corpora, if this machine has one."""
    here = Path(__file__).resolve().parent.parent
    folder = Path(os.environ.get("RUNCITE_EVAL_DATA", here.parent / "shared" / "data"))
    return folder if folder.is_dir() else None


def _cpu() -> str:
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        for line in cpuinfo.read_text().splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    return platform.processor() or "unknown processor"
