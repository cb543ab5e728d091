import pytest

from api.schemas import DecisionV1
from tests.confluence_export_files import page, restrict, write_export, write_zip
from tests.integration.conftest import AS_OF

pytestmark = pytest.mark.integration

PROPERTIES = (
    '<ac:structured-macro ac:name="details"><ac:rich-text-body><table><tbody><tr><th>Owner</th><td>telephony</td></tr>'
    '<tr><th>Last reviewed</th><td><time datetime="2026-10-01"/></td></tr>'
    "<tr><th>Review interval</th><td>6 months</td></tr></tbody></table></ac:rich-text-body></ac:structured-macro>"
)
BODY = (
    f"{PROPERTIES}<h1>Symptoms</h1><p>The desk phone shows <em>Registration failed</em> and has no dial tone.</p>"
    "<h1>Resolution</h1><ol><li><p>Unplug the desk phone for ten&nbsp;seconds.</p></li>"
    "<li><p>Choose <strong>Settings &gt; Register</strong> on the desk phone.</p></li></ol>"
)


def test_a_ticket_is_answered_from_an_export(runcite, tmp_path):
    path = write_export(
        tmp_path / "IT.zip",
        page("98", "Desk phone does not register", BODY),
        page("99", "Desk phones of the board", BODY),
        restrict("r", "99", groups=("board",)),
    )
    code, out, _ = runcite("ingest", path)
    assert code == 0
    assert "confluence/IT/98" in out
    _, out, _ = runcite("triage", "--as-of", AS_OF, "--json", "My desk phone says registration failed, no dial tone")
    decision = DecisionV1.model_validate_json(out)
    assert decision.outcome == "GUIDE_USER"
    assert {citation.article_id for citation in decision.citations} == {"confluence/IT/98"}
    assert [step.text for step in decision.steps] == [
        "Unplug the desk phone for ten seconds.",
        "Choose Settings > Register on the desk phone.",
    ]


def test_a_later_export_removes_what_is_gone(runcite, stored, tmp_path):
    before = stored()
    runcite("ingest", write_export(tmp_path / "1.zip", page("1", "A", BODY), page("2", "B", BODY)))
    assert stored().keys() - before.keys() == {"confluence/IT/1", "confluence/IT/2"}
    runcite("ingest", write_export(tmp_path / "2.zip", page("1", "A", BODY)))
    assert stored().keys() - before.keys() == {"confluence/IT/1"}


def test_what_is_no_export_is_refused_in_one_line_and_removes_nothing(runcite, stored, tmp_path):
    before = stored()
    path = write_zip(tmp_path / "x.zip", {"a.txt": "x"})
    code, _, err = runcite("ingest", path)
    assert code != 0
    assert "Traceback" not in err
    assert "neither entities.xml nor index.html" in " ".join(err.split())
    (tmp_path / "y.zip").write_text("no zip")
    code, _, err = runcite("ingest", tmp_path / "y.zip")
    assert code != 0
    assert "is not a zip file" in " ".join(err.split())
    assert stored() == before
