"""Measurements by size enter, docs/scale.md and its plot leave."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

DOCS = Path(__file__).resolve().parent.parent / "docs"
KINDS = {"dense": "dense", "filtered": "dense, 1 % readable", "bm25": "BM25", "hybrid": "hybrid"}

HEAD = """# Scale

How search behaves as the index grows, on Qdrant Edge in one process. `make scale` measures it and rewrites this page;
`python -m benchmarks.scale 10000 100000` measures some sizes and keeps the others.

![Search times by size](scale.svg)

The corpora are synthetic, made from the chunks of real runbooks (all-MiniLM-L6-v2, 384 dimensions): each line of a
chunk comes from one of two real chunks, and its vector is their mean in the same proportion, moved along the
difference of two further real vectors. So vectors crowd as real text does, terms are as frequent as in real text,
and posting lists grow with the corpus. 70 % of the articles are for everyone, 29 % for a team, 1 % for a few. The
queries are real tickets; each is asked in every way in turn, in a process that has answered as many others before. A
search takes 50 hits with their payload, within what a reader may see. *Hybrid* is what a ticket costs the store: dense
and BM25, and each asked for what only the other found. Recall@10 is against an exact search, for articles that everyone
may read and for those of a few.

A run builds the graphs at its end where 20,000 chunks or more have none, in another process and on a copy, while
searches go on. A search that was measured beside other work on the machine waits for a processor: *load* is how many
processes ran or wanted to, and the processor time is what the search itself takes.
"""


def write_page(results: Sequence[dict[str, Any]]) -> None:
    """Rewrite the page and the plot.

    Args:
        results: What was measured, by size.
    """
    (DOCS / "scale.md").write_text("\n".join([HEAD, *_tables(results), ""]), encoding="utf-8")
    _plot(results)


def _tables(results: Sequence[dict[str, Any]]) -> list[str]:
    lines = [
        "| chunks | insert | optimise | disk | open, first answer | memory of the process | and of files | recall@10 |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for one in results:
        after = one["optimised"]
        memory, recall = after["memory_mb"], " / ".join(f"{share:.3f}" for share in after["recall"].values())
        optimise = f"{one['optimise_s']:.0f} s ({one['optimise_cpu_s']:.0f} s of CPU)"
        lines.append(
            f"| {one['chunks']:,} | {one['insert_s']:.0f} s | {optimise} | {after['disk_mb']:,.0f} MB "
            f"| {after['load_s']:.2f} s | {memory['anon']:,.0f} MB | {memory['file']:,.0f} MB | {recall} |"
        )
    for unit, title in (("ms", "Time of one search"), ("cpu_ms", "Processor time of one search")):
        lines += ["", f"{title} in ms, p50 / p95:", ""]
        lines += ["| chunks | | " + " | ".join(KINDS.values()) + " | load |", "|---|---|" + "---|" * (len(KINDS) + 1)]
        for one in results:
            for state, name in (("inserted", "as inserted"), ("optimised", "optimised")):
                cells = [f"{ms['p50']:.1f} / {ms['p95']:.1f}" for ms in map(one[state][unit].get, KINDS)]
                lines.append(f"| {one['chunks']:,} | {name} | " + " | ".join(cells) + f" | {one[state]['load']:.0f} |")
    return lines


def _plot(results: Sequence[dict[str, Any]]) -> None:
    from matplotlib import rcParams  # noqa: PLC0415 - only who draws needs it
    from matplotlib.figure import Figure  # noqa: PLC0415

    rcParams["svg.hashsalt"] = "runcite"
    sizes = [one["chunks"] for one in results]
    figure = Figure(figsize=(7, 4), layout="constrained")
    axes = figure.subplots()
    for number, (kind, name) in enumerate(KINDS.items()):
        for state, style in (("inserted", ":"), ("optimised", "-")):
            times = [one[state]["cpu_ms"][kind]["p95"] for one in results]
            label = name if state == "optimised" else None
            axes.plot(sizes, times, style, color=f"C{number}", marker="o", markersize=4, label=label)
    axes.set(xscale="log", yscale="log", xlabel="chunks", ylabel="processor time of one search, p95, ms")
    axes.set_title("solid: optimised; dotted: as inserted", fontsize="medium")
    axes.grid(visible=True, which="major", alpha=0.3)
    axes.legend()
    figure.savefig(DOCS / "scale.svg", metadata={"Date": None})
