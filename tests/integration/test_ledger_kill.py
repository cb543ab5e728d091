"""Processes that decide are killed: what anybody was told of is on record, whole, and the chain holds."""

import json
import multiprocessing
import os
import random
import signal
import sqlite3
import subprocess
import sys
import time
from multiprocessing.connection import Connection
from pathlib import Path

import pytest

from agent.ledger import DecisionQuery
from api.beside import open_ledger
from api.bootstrap import CATALOG_NAME
from api.cli.main import run
from api.settings import Settings
from tests.integration.conftest import AS_OF
from tests.integration.serving import serving
from tests.ledgers import DAY, a_ledger, decided

pytestmark = [pytest.mark.integration, pytest.mark.enable_socket, pytest.mark.allow_hosts(["127.0.0.1"])]

KILLS = 25
SEED = 20261120
COMMAND = [sys.executable, "-c", "from api.cli.main import main; main()"]
VPN = "My VPN drops every few minutes in the hotel"


def on_record(home: Path) -> list[str]:
    """The ids on record, all of them held against the audit log."""
    with open_ledger(Settings(home=home), "test") as ledger:
        anchor = ledger.anchor.read()
        assert anchor is not None
        report = ledger.verify({"the anchor": anchor})
        assert report.faults == []
        return [line.decision_id for line in ledger.find(DecisionQuery(limit=10_000))]


def decide_for_ever(home: Path, told: Connection) -> None:
    """Record decisions, telling of each as soon as it is recorded."""
    with a_ledger(home) as ledger:
        for number in range(1_000_000):
            case, decision = decided(ticket_id=f"INC-{number}")
            ledger.record(case, decision, DAY)
            told.send(decision.decision_id)


def test_a_kill_at_a_random_moment_loses_nothing_that_was_told(tmp_path):
    rng = random.Random(SEED)
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["tests.killable", "tests.ledgers"])
    told: list[str] = []
    for _ in range(KILLS):
        receiver, sender = context.Pipe(duplex=False)
        process = context.Process(target=decide_for_ever, args=(tmp_path, sender))
        process.start()
        sender.close()
        told.append(receiver.recv())
        time.sleep(rng.random() * 0.1)
        process.kill()
        process.join()
        while True:
            try:
                told.append(receiver.recv())
            except (EOFError, OSError):  # cut off, perhaps in the middle of a message: that one was told to nobody
                break
        receiver.close()
    with a_ledger(tmp_path) as ledger:
        report = ledger.verify({"the anchor": ledger.anchor.read()})
        found = {line.decision_id for line in ledger.find(DecisionQuery(limit=1_000_000))}
    assert report.faults == []
    assert set(told) <= found
    # At most one decision for each kill was recorded and not told.
    assert len(found) <= len(told) + KILLS


class Gallows:
    """A terminal that dies as soon as it is written to."""

    def write(self, text: str) -> int:
        os.kill(os.getpid(), signal.SIGKILL)
        return len(text)

    def flush(self) -> None: ...


def triage_and_die(home: Path) -> None:
    sys.stdout = Gallows()  # type: ignore[assignment]
    run(["--home", str(home), "triage", "--as-of", AS_OF, "--json", VPN])


def test_a_decision_that_was_made_and_never_printed_is_on_record(home):
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["tests.killable"])
    process = context.Process(target=triage_and_die, args=(home,))
    process.start()
    process.join(120)
    assert process.exitcode == -signal.SIGKILL
    assert len(on_record(home)) == 1


def test_a_killed_batch_has_every_printed_line_on_record(home, tmp_path):
    tickets = "".join(json.dumps({"id": f"T{n}", "text": VPN}) + "\n" for n in range(2_000))
    (tmp_path / "in.jsonl").write_text(tickets)
    command = [*COMMAND, "--home", home, "triage", "--as-of", AS_OF, "--batch", tmp_path / "in.jsonl"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        assert process.stdout is not None
        printed = [process.stdout.readline() for _ in range(5)]
        process.kill()
        printed += process.stdout.readlines()
    whole = [line for line in printed if line.endswith("\n")]
    ids = [json.loads(line)["decision_id"] for line in whole]
    recorded = on_record(home)
    assert set(ids) <= set(recorded)
    assert len(recorded) <= len(printed) + 1


def test_a_command_beside_a_server_shares_its_chain(home, runcite):
    with serving(home) as server:
        first = server.http.post("/v1/triage", json={"text": VPN}).json()
        code, out, _ = runcite("triage", "--json", VPN)
        second = json.loads(out)
        assert code == 0
        listed = server.http.get("/v1/decisions").json()["decisions"]
        assert [line["decision_id"] for line in listed] == [second["decision_id"], first["decision_id"]]
        record = server.http.get(f"/v1/decisions/{first['decision_id']}").json()
        assert record["decision"] == first
        assert runcite("quarantine", "printers/toner", "--reason", "it is being rewritten")[0] == 0
        third = server.http.post("/v1/triage", json={"text": VPN}).json()
        assert runcite("audit", "verify")[0] == 0
    assert on_record(home) == [third["decision_id"], second["decision_id"], first["decision_id"]]


def test_a_server_that_is_killed_has_recorded_what_it_answered(home):
    with serving(home) as server:
        answered = [server.http.post("/v1/triage", json={"text": VPN}).json()["decision_id"] for _ in range(5)]
        server.process.kill()
        server.process.wait()
    assert on_record(home) == answered[::-1]


def test_a_ticket_goes_to_a_person_while_another_process_blocks_the_database(home):
    with serving(home) as server:
        with sqlite3.connect(home / CATALOG_NAME, isolation_level=None) as other:
            other.execute("BEGIN IMMEDIATE")
            decision = server.http.post("/v1/triage", json={"text": VPN}).json()
        other.close()
        assert (decision["outcome"], decision["refusal"]["reason"]) == ("ESCALATE_HUMAN", "not_recorded")
        assert decision["provenance"]["recorded"] is False
        after = server.http.post("/v1/triage", json={"text": VPN}).json()
    assert after["provenance"]["recorded"] is True
    assert on_record(home) == [after["decision_id"]]
