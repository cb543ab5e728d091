"""What is answered does not depend on where the cosines of the embedding model live."""

import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import api.bootstrap
from agent.evaluate.dataset import load_dataset
from agent.evaluate.figures import EvalReport
from agent.evaluate.report import report
from agent.evaluate.run import evaluate
from api.bootstrap import open_runtime
from api.settings import Settings
from index.embed.bundled import load_bundled
from index.models import EmbeddingSpec, FloatMatrix, FloatVector
from index.ports import Embedder

pytestmark = [pytest.mark.quality, pytest.mark.soak]

ROOT = Path(__file__).resolve().parent.parent.parent
DATA = Path(os.environ.get("RUNCITE_EVAL_DATA", ROOT.parent / "shared" / "data")) / "prom_runbooks"

CONSTANT = 1.75
"""As a component of every vector it brings cosines of -0.2 to 1 to 0.70 to 1, where E5's live."""


class Remembering:
    """Embeds each text once, as the bundled model does."""

    def __init__(self) -> None:
        self.inner = load_bundled()
        self.spec: EmbeddingSpec = self.inner.spec
        self.known: dict[str, FloatVector] = {}

    def embed_passages(self, texts: Sequence[str]) -> FloatMatrix:
        new = [text for text in dict.fromkeys(texts) if text not in self.known]
        self.known.update(zip(new, self.inner.embed_passages(new), strict=True) if new else ())
        return np.stack([self.known[text] for text in texts])

    def embed_query(self, text: str) -> FloatVector:
        vector: FloatVector = self.embed_passages([text])[0]
        return vector

    def embed_queries(self, texts: Sequence[str]) -> FloatMatrix:
        return self.embed_passages(texts)

    def count_tokens(self, text: str) -> int:
        return self.inner.count_tokens(text)

    def count_tokens_batch(self, texts: Sequence[str]) -> list[int]:
        return self.inner.count_tokens_batch(texts)


class Raised(Remembering):
    """The same model with one more component, equal in all vectors."""

    def __init__(self, model: Remembering) -> None:
        self.inner, self.known = model.inner, {}
        self.model = model
        self.spec = replace(model.spec, model="test/raised", dimension=model.spec.dimension + 1)

    def embed_passages(self, texts: Sequence[str]) -> FloatMatrix:
        rows = self.model.embed_passages(texts)
        raised = np.concatenate([rows, np.full((len(rows), 1), CONSTANT, dtype=np.float32)], axis=1)
        unit: FloatMatrix = raised / np.linalg.norm(raised, axis=1, keepdims=True)
        return unit


def measure(embedder: Embedder, home: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[EvalReport, float]:
    # The one seam where a model is chosen; everything behind it is as shipped.
    monkeypatch.setattr(api.bootstrap, "choose_embedder", lambda *_, **__: (embedder, "a test's own"))
    dataset = load_dataset(DATA)
    with open_runtime(Settings(home=home), create=True) as runtime:
        assert runtime.ingest(str(dataset.pages)).error is None
        found = runtime.live.now.searcher.retrieve(dataset.tickets[0].ticket.body, audience=frozenset())
        figures = report(evaluate(dataset, runtime.triager, 108))
    return figures, min(candidate.similarity for candidate in found.candidates)


@pytest.mark.skipif(not DATA.is_dir(), reason=f"no labelled corpus at {DATA}; set RUNCITE_EVAL_DATA")
def test_coverage_stays_where_every_cosine_is_high(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plain = Remembering()
    before, low = measure(plain, tmp_path / "plain", monkeypatch)
    after, high = measure(Raised(plain), tmp_path / "raised", monkeypatch)
    assert low < 0.5
    assert high > 0.7
    assert after.hit_at_1.value == pytest.approx(before.hit_at_1.value, abs=0.01)
    assert after.coverage_at_5.value == pytest.approx(before.coverage_at_5.value, abs=0.03)
    assert after.coverage_at_1.value == pytest.approx(before.coverage_at_1.value, abs=0.03)
    # Neither does the match gate refuse what it let pass.
    changed = after.refusals.get("no_match", 0) - before.refusals.get("no_match", 0)
    assert abs(changed) <= 0.03 * before.tickets
