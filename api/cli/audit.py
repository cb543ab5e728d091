"""`runcite audit`: the audit log of a home, or an export of one, enters; whether anybody changed it leaves."""

from enum import StrEnum
from itertools import chain
from pathlib import Path
from typing import Annotated

import typer

from agent.errors import AnchorError, LedgerGoneError
from agent.ledger import Anchor, AuditReport, Fault, Head, Ledger, verify_export
from api.beside import open_ledger
from api.cli.options import HomeOption, JsonOption, Session, start
from api.cli.terminal import json_text
from api.errors import UsageError
from api.schemas import AuditFaultV1, AuditHeadV1, AuditReportV1

ANCHOR_FILE = "the anchor in the home"
GIVEN = "--anchor"


class Action(StrEnum):
    """What to do with an audit log."""

    VERIFY = "verify"
    HEAD = "head"
    EXPORT = "export"


def audit(
    context: typer.Context,
    action: Annotated[
        Action,
        typer.Argument(
            metavar="verify|head|export",
            help="Verify the log, print number and hash of its last entry, or write it to stdout as JSON lines.",
        ),
    ],
    file: Annotated[
        Path | None, typer.Option("-f", "--file", metavar="FILE", help="With verify: an export, in place of the home.")
    ] = None,
    anchor: Annotated[
        str | None,
        typer.Option(
            "--anchor", metavar="HEAD", help="With verify: what `runcite audit head` once printed, or a file of it."
        ),
    ] = None,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Verify that nobody has changed, deleted, swapped or cut off what was recorded; the first bad entry is named.

    Exit code 1 means that something is not as it was written.
    """
    if action is not Action.VERIFY and (file or anchor):
        raise UsageError("--file and --anchor go with `runcite audit verify`")
    session = start(context, home)
    anchors = {} if anchor is None else {GIVEN: read_head(anchor)}
    if file is not None:
        if not anchors:
            session.terminal.note(
                f"Nothing says where {str(file)!r} ought to end: that nothing was cut off its end was not checked. "
                "Expected --anchor with what `runcite audit head` once printed."
            )
        _tell(session, _verify_file(file, anchors), as_json=as_json)
        return
    if action is Action.VERIFY:
        _tell(session, _verify_home(session, anchors), as_json=as_json)
        return
    with open_ledger(session.settings, "runcite audit") as ledger:
        for line in [str(ledger.head())] if action is Action.HEAD else ledger.export():
            session.terminal.result(line)


def read_head(text: str) -> Head:
    """Read the head that an option names.

    Args:
        text: A head as it is written, or the path of a file of one.

    Raises:
        AnchorError: It is neither.
    """
    path = Path(text)
    head = Anchor(path).read() if path.is_file() else Head.parse(text)
    if head is None:
        raise AnchorError(f"there is no head of an audit log in {text!r}")
    return head


def _verify_home(session: Session, given: dict[str, Head]) -> AuditReport:
    try:
        with open_ledger(session.settings, "runcite audit") as ledger:
            return _verify(ledger, given)
    except LedgerGoneError as error:
        return AuditReport(faults=[Fault(None, str(error))])


def _verify(ledger: Ledger, given: dict[str, Head]) -> AuditReport:
    try:
        kept = ledger.anchor.read()
        missing = f"{str(ledger.anchor.path)!r} is gone: an end that was cut off may go unseen"
    except AnchorError as error:
        kept, missing = None, str(error)
    report = ledger.verify(given if kept is None else {ANCHOR_FILE: kept, **given})
    if kept is None:
        report.faults.append(Fault(None, missing))
    return report


def _verify_file(file: Path, anchors: dict[str, Head]) -> AuditReport:
    try:
        with file.open(encoding="utf-8") as lines:
            first = next(lines, None)
            if first is None:
                raise UsageError(f"{str(file)!r} is empty; expected what `runcite audit export` wrote")
            return verify_export(chain([first], lines), anchors)
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"cannot read {str(file)!r}: {error}; expected what `runcite audit export` wrote") from error


def _tell(session: Session, report: AuditReport, *, as_json: bool) -> None:
    terminal = session.terminal
    if as_json:
        terminal.result(json_text(to_report(report)))
    else:
        for fault in report.faults:
            terminal.result(fault.detail)
        erased = f", the words of {report.erased} erased" if report.erased else ""
        verdict = "something is not as it was written" if report.faults else "all as they were written"
        terminal.result(f"{report.entries:,} entries, {report.decisions:,} decisions{erased}: {verdict}")
        if report.head is not None and not report.faults:
            terminal.note(f"The last of them is {report.head}; keep a copy of that line where nobody can change it.")
    if report.faults:
        raise typer.Exit(1)


def to_report(report: AuditReport) -> AuditReportV1:
    """Write a verification's report."""
    return AuditReportV1(
        sound=not report.faults,
        entries=report.entries,
        decisions=report.decisions,
        erased=report.erased,
        head=AuditHeadV1(seq=report.head.seq, hash=report.head.hash) if report.head else None,
        faults=tuple(AuditFaultV1(seq=fault.seq, detail=fault.detail) for fault in report.faults),
    )
