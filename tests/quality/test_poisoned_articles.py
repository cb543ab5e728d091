"""The checks at the door on runbooks that attackers have written into, and on those that nobody has."""

import json
import os
from collections import Counter
from pathlib import Path

import pytest

from ingest.errors import ParseError
from ingest.models import Finding, MediaType, RawDocument
from ingest.read import read

pytestmark = pytest.mark.quality

ROOT = Path(__file__).resolve().parent.parent.parent
DATA = Path(os.environ.get("RUNCITE_EVAL_DATA", ROOT.parent / "shared" / "data"))
KINDS: dict[str, MediaType] = {".md": "text/markdown", ".html": "text/html", ".txt": "text/plain"}


def lines(name: str) -> list[dict[str, str]]:
    path = DATA / "injection" / name
    if not path.is_file():
        pytest.skip(f"no corpus of injections at {path}; set RUNCITE_EVAL_DATA to the folder that holds it")
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def grave(text: str) -> list[Finding]:
    article = read(RawDocument("a", "s", "text/markdown", text.encode(), "a.md"))
    return [one for one in article.findings if one.severity == "quarantine"]


def test_every_poisoned_runbook_is_quarantined() -> None:
    missed = [row["id"] for row in lines("poisoned_articles.jsonl") if not grave(row["body"])]
    assert missed == []


def test_most_attacks_that_bring_code_are_quarantined_in_the_open_and_all_where_they_are_hidden() -> None:
    attacks = [row["text"] for row in lines("attacks.jsonl") if row["family"] == "code"]
    assert len(attacks) > 40
    assert sum(bool(grave(f"# Restart\n\n{text}")) for text in attacks) >= 0.95 * len(attacks)
    assert all(grave(f"# Restart\n\nText.\n\n<!-- {text} -->") for text in attacks)


@pytest.mark.parametrize("corpus", ["kb_samples", "govuk_alerts", "prom_runbooks"])
def test_no_runbook_that_nobody_poisoned_is_quarantined_or_suspected(corpus: str) -> None:
    folder = ROOT / corpus if corpus == "kb_samples" else DATA / corpus
    if not folder.is_dir():
        pytest.skip(f"no corpus at {folder}; set RUNCITE_EVAL_DATA to the folder that holds it")
    found: Counter[str] = Counter()
    articles = 0
    for path in sorted(folder.rglob("*")):
        if path.suffix in KINDS:
            try:
                article = read(RawDocument(path.stem, "s", KINDS[path.suffix], path.read_bytes(), path.name))
            except ParseError:  # pages that only frame a generated table
                continue
            articles += 1
            found.update(one.code for one in article.findings)
    assert articles >= 58
    assert set(found) <= {"no-owner", "no-review-date", "no-steps"}
