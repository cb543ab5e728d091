"""The figures of an evaluation enter; one page with plots leaves, whole in itself: no script, nothing from the net."""

from html import escape

from agent.evaluate.compare import Comparison
from agent.evaluate.figures import EvalReport
from api.charts import Axis, Series, chart
from api.eval_figures import Section, comparison_sections, sections, size

_STYLE = """
:root { color-scheme: light dark }
body { font: 15px/1.5 system-ui, sans-serif; max-width: 76rem; margin: 2rem auto; padding: 0 1rem }
h1 { font-size: 1.5rem; margin-bottom: 0 } h2 { font-size: 1rem; margin: 1.6rem 0 .3rem }
table { border-collapse: collapse } td { padding: .15rem 1.2rem .15rem 0; vertical-align: top }
td:nth-child(2) { font-variant-numeric: tabular-nums; white-space: nowrap } td:nth-child(3), .dim { color: #6b7280 }
.plots { display: flex; flex-wrap: wrap; gap: 1.5rem } svg { max-width: 100%; height: auto }
"""


def eval_html(report: EvalReport, comparison: Comparison | None) -> str:
    """Write the page.

    Args:
        report: Of this run.
        comparison: With another run, if there was one.
    """
    by = report.conditions
    made = f"{by.embedding}, decided by {by.decider}, calibration {by.calibration}, {by.policy_hash[:19]}"
    told = (*sections(report), *(comparison_sections(comparison) if comparison else ()))
    return "\n".join(
        [
            '<!doctype html><html lang="en"><head><meta charset="utf-8">',
            '<meta name="viewport" content="width=device-width">',
            f"<title>{escape(report.dataset)}</title><style>{_STYLE}</style></head><body>",
            f"<h1>{escape(report.dataset)}</h1>",
            f'<p class="dim">{escape(size(report))}<br>{escape(made)}</p>',
            '<div class="plots">',
            _figure("Share wrong, by how much is answered", _risk(report)),
            _figure("Share right, by stated confidence", _reliability(report)),
            "</div>",
            *(_table(section) for section in told),
            '<p class="dim">(a–b) is the 95 % interval, n how many were counted.</p></body></html>',
        ]
    )


def _figure(caption: str, svg: str) -> str:
    return f"<figure><figcaption>{escape(caption)}</figcaption>{svg}</figure>"


def _risk(report: EvalReport) -> str:
    most = min(1.0, max(0.1, *(wrong for _, wrong in report.risk_coverage))) if report.risk_coverage else 1.0
    return chart(
        "Risk and coverage",
        Axis("answered, of all tickets"),
        Axis("wrong, of those answered", most),
        [Series("seen", report.risk_coverage), Series("5 %", [(0.0, 0.05), (1.0, 0.05)], dashed=True)],
    )


def _reliability(report: EvalReport) -> str:
    points = [(one.stated, one.right.value or 0.0) for one in report.reliability]
    return chart(
        "Reliability",
        Axis("stated confidence"),
        Axis("share right"),
        [Series("seen", points, marked=True), Series("as stated", [(0.0, 0.0), (1.0, 1.0)], dashed=True)],
    )


def _table(section: Section) -> str:
    rows = "".join("<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>" for row in section.rows)
    return f"<h2>{escape(section.title)}</h2><table>{rows}</table>"
