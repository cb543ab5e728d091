"""What a re-run of ingest over unchanged folders costs after start-up: it must embed nothing."""

import tempfile
import time
from pathlib import Path

from api.bootstrap import open_runtime
from api.settings import Settings
from benchmarks.figure import Figure, seconds
from ingest.sources.git import local_source

ARTICLES = 500
RUNS = 5
COMMAND = "`python -m benchmarks.resync`"


def measure() -> list[Figure]:
    """Ingest 500 articles once, then time re-runs over the same folder."""
    with tempfile.TemporaryDirectory() as scratch:
        folder, home = Path(scratch, "kb"), Path(scratch, "home")
        _write_articles(folder)
        settings = Settings(home=home, embedding="bundled")
        with open_runtime(settings, create=True) as runtime:
            first = runtime.syncer.run(local_source(folder))
            samples, embedded = [], 0
            for _ in range(RUNS):
                started = time.perf_counter()
                report = runtime.syncer.run(local_source(folder))
                samples.append(time.perf_counter() - started)
                embedded += report.chunks_embedded
    return [
        seconds(f"re-sync of {ARTICLES} unchanged articles after start-up", samples, at_most=2.0, command=COMMAND),
        Figure(
            f"chunks embedded by those {RUNS} re-syncs",
            str(embedded),
            "0",
            embedded == 0,
            f"first run: {first.chunks_embedded}",
            COMMAND,
        ),
    ]


def _write_articles(folder: Path) -> None:
    folder.mkdir()
    for number in range(ARTICLES):
        steps = "\n".join(f"{n}. Check part {n} of system {number} and note what it says." for n in range(1, 9))
        body = f"## Symptoms\n\nSystem {number} reports fault {number * 7}.\n\n## Resolution\n\n{steps}\n"
        head = f"---\ntitle: Fault {number}\nlast_reviewed_on: 2026-10-01\nreview_in: 6 months\n---\n"
        (folder / f"fault-{number:03}.md").write_text(head + body, encoding="utf-8")


if __name__ == "__main__":
    for figure in measure():
        print(figure)
