"""A home on a real disk that is nearly full: ingest refuses before it starts, and what is indexed stays readable."""

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from api.cli.main import run
from tests.integration.conftest import AS_OF

pytestmark = pytest.mark.integration


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=64M", "tmpfs", disk]
    if os.geteuid() or subprocess.run(mount, capture_output=True, timeout=60, check=False).returncode:
        pytest.skip("a small disk cannot be mounted here: run as root with CAP_SYS_ADMIN")
    yield disk
    subprocess.run(["umount", disk], check=True, timeout=60)


def test_ingest_refuses_and_reading_goes_on(home: Path, pages: Path, small_disk: Path, capsys) -> None:
    copy = small_disk / "home"
    subprocess.run(["cp", "-a", "--sparse=always", home, copy], check=True)
    code = run(["--home", str(copy), "ingest", str(pages)])
    said = capsys.readouterr()
    assert code == 2
    (line,) = (line for line in said.err.splitlines() if line.startswith("runcite: "))
    assert f"The disk that holds {str(copy)!r} has" in line
    assert "expected at least 512 MB" in line
    assert "what was indexed so far is kept" in line
    assert run(["--home", str(copy), "triage", "--as-of", AS_OF, "replace the toner of a printer"]) == 0
    assert "toner" in capsys.readouterr().out
