"""After an update no decision quotes what an article used to say."""

import os
import shutil
from pathlib import Path

import pytest

from agent.evaluate.dataset import load_dataset
from agent.models import Ticket
from agent.verify import fold
from api.bootstrap import open_runtime
from api.settings import Settings

pytestmark = [pytest.mark.quality, pytest.mark.soak]

ROOT = Path(__file__).resolve().parent.parent.parent
DATA = Path(os.environ.get("RUNCITE_EVAL_DATA", ROOT.parent / "shared" / "data")) / "govuk_alerts"


@pytest.mark.skipif(not DATA.is_dir(), reason=f"no labelled corpus at {DATA}; set RUNCITE_EVAL_DATA")
def test_no_decision_quotes_last_years_pages(tmp_path: Path) -> None:
    dataset = load_dataset(DATA)
    folder = tmp_path / "kb"
    with open_runtime(Settings(home=tmp_path / "home", embedding="bundled"), create=True) as runtime:
        shutil.copytree(DATA / "pages_prev", folder)
        runtime.ingest(str(folder))
        before = {article.article_id: article.revision for article in runtime.catalog.articles()}
        shutil.rmtree(folder)
        shutil.copytree(DATA / "pages", folder)
        runtime.ingest(str(folder))
        now = {article.article_id: article.revision for article in runtime.catalog.articles()}
        changed = {article_id for article_id in before.keys() & now.keys() if before[article_id] != now[article_id]}
        assert len(changed) > 100

        cited = 0
        for ticket in dataset.tickets:
            decision = runtime.triager.triage(
                Ticket(ticket.id, ticket.text, identity_verified=True), as_of=dataset.as_of
            )
            for citation in decision.citations:
                revision = runtime.catalog.revision(citation.article_id, citation.revision)
                assert revision is not None
                assert citation.revision == now[citation.article_id]
                assert fold(citation.quote) == fold(revision.text[citation.start : citation.end])
                cited += citation.article_id in changed
        assert cited > 50
        # What was cited before the update can still be opened, as it was.
        assert all(runtime.catalog.revision(article_id, before[article_id]) for article_id in changed)
