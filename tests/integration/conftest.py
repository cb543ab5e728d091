"""A small knowledge base, indexed once with the bundled model; every test gets its own copy of the home."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from api.bootstrap import open_runtime, open_shelf
from api.cli.main import run
from api.settings import Settings, prepare_environment

AS_OF = "2026-11-20"

PAGES = {
    "network/vpn-drops.md": """\
---
title: VPN disconnects on hotel and café Wi-Fi
owner: netops
last_reviewed_on: 2026-10-01
review_in: 6 months
category: network
team: Network Operations
symptoms: [vpn drops, vpn disconnects every few minutes]
---
## Symptoms

The VPN drops every few minutes on public Wi-Fi.

## Resolution

1. Open Preferences > Network and enable Always On.
2. Close the laptop lid for ten seconds and open it again.
3. Sign in to the VPN again.
""",
    "printers/toner.md": """\
---
title: Replace the toner of a printer
owner: workplace
last_reviewed_on: 2026-09-01
review_in: 12 months
---
## Resolution

1. Open the front door of the printer.
2. Pull the empty toner cartridge out and push the new one in.
""",
    "printers/scan-to-email.md": """\
---
title: Scan to e-mail does not arrive
owner: workplace
last_reviewed_on: 2024-01-10
review_in: 12 months
---
## Resolution

1. Sign in at the copier and choose your own mail address again.
""",
    "finance/ledger.md": """\
---
title: Unlock a period in the finance ledger
owner: finance-systems
last_reviewed_on: 2026-10-01
review_in: 6 months
audience: [finance]
---
## Resolution

1. Open Ledger > Periods and choose Reopen for the closed period.
""",
}


@pytest.fixture(scope="session", autouse=True)
def _libraries_are_quiet():
    before = dict(os.environ)
    prepare_environment()
    os.environ["RUNCITE_EMBEDDING"] = "bundled"
    yield
    os.environ.clear()
    os.environ.update(before)


@pytest.fixture(scope="session")
def pages(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("kb") / "wiki"
    for name, text in PAGES.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return folder


@pytest.fixture(scope="session")
def _indexed(pages, tmp_path_factory) -> Path:
    home = tmp_path_factory.mktemp("indexed") / "home"
    with open_runtime(Settings(home=home), create=True) as runtime:
        report = runtime.ingest(str(pages))
    assert [line.outcome for line in report.articles] == ["indexed"] * len(PAGES)
    return home


@pytest.fixture
def home(_indexed, tmp_path) -> Iterator[Path]:
    copy = tmp_path / "home"
    # The store allocates its files ahead, mostly as holes: a plain copy would write 160 MB per test.
    subprocess.run(["cp", "-a", "--sparse=always", _indexed, copy], check=True)
    yield copy
    shutil.rmtree(copy)


@pytest.fixture
def runcite(capsys, home):
    """Run one command on the home; returns exit code, stdout and stderr."""

    def call(*arguments: str | Path) -> tuple[int, str, str]:
        capsys.readouterr()
        code = run(["--home", str(home), *map(str, arguments)])
        said = capsys.readouterr()
        return code, said.out, said.err

    return call


@pytest.fixture
def stored(home):
    """Read every article of the home and its text, to compare before and after."""

    def read() -> dict[str, str]:
        with open_shelf(Settings(home=home)) as shelf:
            ids = [line.article_id for line in shelf.articles()]
            return {one: shelf.article(one, frozenset({"finance"})).text for one in ids}

    return read
