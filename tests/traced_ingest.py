"""Run as a process: `runcite ingest` over a folder before and after edits, each step marked by a write to `/dev/null`.

A marker is a system call, so `strace` shows it in its place among the calls that make data durable. Writes to the store
go through mapped memory and are calls of none.
"""

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from api.cli.main import run
from index.catalog import Catalog
from index.store.edge import EdgeStore

MARKER = b"runcite-step "


def mark(null: int, step: str) -> None:
    os.write(null, MARKER + step.encode())


def watch(null: int, owner: type, names: tuple[str, ...]) -> None:
    """Mark the begin and the end of each call of some methods."""
    for name in names:
        setattr(owner, name, marked(null, name, getattr(owner, name)))


def marked(null: int, name: str, method: Callable[..., Any]) -> Callable[..., Any]:
    def call(*arguments: Any) -> Any:
        mark(null, f"begin {name}")
        try:
            return method(*arguments)
        finally:
            mark(null, f"end {name}")

    return call


def write(folder: Path, name: str, step: str, **stated: str) -> None:
    head = "".join(f"{key}: {value}\n" for key, value in stated.items())
    steps = "\n".join(f"{number}. {step} part {number} of {name}." for number in range(1, 30))
    (folder / f"{name}.md").write_text(f"---\ntitle: {name}\n{head}---\n## Resolution\n\n{steps}\n")


def edit(folder: Path) -> None:
    """Change texts, add and remove pages, restrict and open some, give some an owner."""
    for number in range(40):
        write(folder, f"changed-{number:02}", "Replace")
    for number in range(5):
        (folder / f"gone-{number}.md").unlink()
        write(folder, f"new-{number}", "Polish")
        write(folder, f"restricted-{number}", "Inspect", audience="[hr]")
        write(folder, f"owned-{number}", "Inspect", owner="desk")


def main(scratch: Path) -> int:
    folder, home = scratch / "kb", scratch / "home"
    folder.mkdir()
    for number in range(40):
        write(folder, f"changed-{number:02}", "Unplug")
    for number in range(5):
        for name in ("gone", "restricted", "owned"):
            write(folder, f"{name}-{number}", "Inspect")
    null = os.open(os.devnull, os.O_WRONLY)
    if os.environ.get("RUNCITE_TEST_MUTATION") == "flush":
        EdgeStore.flush = lambda _self: None  # type: ignore[method-assign]
    watch(null, EdgeStore, ("upsert", "set_access", "delete_revision", "flush"))
    watch(null, Catalog, ("publish", "update_metadata", "unsettle", "remove"))
    arguments = ["--home", str(home), "ingest", str(folder), "--embedding", "bundled"]
    codes = [run(arguments)]
    edit(folder)
    codes.append(run(arguments))
    return max(codes)


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
