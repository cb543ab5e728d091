"""A home on a real disk that is nearly full: ingest refuses before it starts, and reading goes on while it can."""

import json
import os
import subprocess
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import date
from pathlib import Path

import pytest

from agent.ledger import DecisionQuery
from agent.models import Ticket
from api.bootstrap import open_runtime
from api.cli.main import run
from api.settings import Settings
from index.space import used_bytes
from tests.integration.conftest import AS_OF

pytestmark = pytest.mark.integration

MEGABYTE = 1024**2


@pytest.fixture
def copied(home: Path, tmp_path: Path) -> Iterator[Callable[[int], Path]]:
    """Copy the home to a disk that then has so many megabytes left."""
    disk = tmp_path / "disk"
    disk.mkdir()

    def copy(left_mb: int) -> Path:
        size = used_bytes(home) + left_mb * MEGABYTE
        mount = ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", disk]
        if os.geteuid() or subprocess.run(mount, capture_output=True, timeout=60, check=False).returncode:
            pytest.skip("a small disk cannot be mounted here: run as root with CAP_SYS_ADMIN")
        subprocess.run(["cp", "-a", "--sparse=always", home, disk / "home"], check=True)
        return disk / "home"

    yield copy
    subprocess.run(["umount", disk], check=False, timeout=60, capture_output=True)


def test_ingest_refuses_and_reading_goes_on(copied, pages: Path, capsys) -> None:
    copy = copied(left_mb=100)
    code = run(["--home", str(copy), "ingest", str(pages)])
    said = capsys.readouterr()
    assert code == 2
    (line,) = (line for line in said.err.splitlines() if line.startswith("runcite: "))
    assert f"The disk that holds {str(copy)!r} has" in line
    assert "expected at least 512 MB" in line
    assert "what was indexed so far is kept" in line
    assert run(["--home", str(copy), "triage", "--as-of", AS_OF, "replace the toner of a printer"]) == 0
    assert "toner" in capsys.readouterr().out


def test_a_disk_too_full_to_open_the_vectors_leads_to_a_person_and_damages_nothing(copied, capsys) -> None:
    copy = copied(left_mb=20)
    assert run(["--home", str(copy), "triage", "--json", "replace the toner of a printer"]) == 0
    decision = json.loads(capsys.readouterr().out)
    assert decision["refusal"]["reason"] == "index_unavailable"
    assert "expected at least 64 MB" in decision["refusal"]["detail"]
    assert not (copy / "vectors.damaged").exists()


def test_a_disk_that_fills_up_lets_no_answer_out_that_is_not_on_record(copied) -> None:
    copy = copied(left_mb=100)
    ticket, day = Ticket("INC-1", "replace the toner of a printer"), date.fromisoformat(AS_OF)
    with open_runtime(Settings(home=copy)) as runtime:
        before = runtime.triage(ticket, as_of=day)
        filler = copy.parent / "filler"
        with suppress(OSError), filler.open("wb") as file:
            while file.write(b"\0" * MEGABYTE):
                file.flush()
        full = runtime.triage(ticket, as_of=day)
        filler.unlink()
        after = runtime.triage(ticket, as_of=day)
        found = runtime.ledger.find(DecisionQuery())
        assert runtime.ledger.verify({}).faults == []
    assert [one.provenance.recorded for one in (before, full, after)] == [True, False, True]
    assert (before.action, full.outcome, after.action) == ("resolve", "ESCALATE_HUMAN", "resolve")
    assert full.refusal is not None
    assert full.refusal.reason == "not_recorded"
    assert [line.decision_id for line in found] == [after.decision_id, before.decision_id]
