"""A Confluence space, from its address on the command line to a decision that cites its pages."""

import json
from urllib.parse import urlsplit

import pytest

from api.cli.main import run
from tests.confluence_server import TOKEN, USER, Wiki, serving

pytestmark = [pytest.mark.integration, pytest.mark.enable_socket, pytest.mark.allow_hosts(["127.0.0.1"])]

PROPERTIES = (
    '<ac:structured-macro ac:name="details"><ac:rich-text-body><table><tbody>'
    "<tr><th>Owner</th><td>netops</td></tr><tr><th>Last reviewed</th><td>2026-10-01</td></tr>"
    "<tr><th>Review interval</th><td>6 months</td></tr></tbody></table></ac:rich-text-body></ac:structured-macro>"
)
INCLUDE = (
    '<ac:structured-macro ac:name="include"><ac:parameter ac:name=""><ac:link>'
    '<ri:page ri:content-title="Restart the client" /></ac:link></ac:parameter></ac:structured-macro>'
)
VPN = f"<p>The VPN drops on hotel Wi-Fi every few minutes.</p>{PROPERTIES}<h2>Resolution</h2>{INCLUDE}"
STEPS = "<ol><li>Quit the client.</li><li>Enable <strong>Always On</strong>.</li></ol>"


@pytest.mark.parametrize("flavor", ["cloud", "dc"])
def test_a_page_with_an_included_one_is_ingested_triaged_and_cited(flavor, tmp_path, capsys, monkeypatch):
    monkeypatch.setenv("RUNCITE_CONFLUENCE_USER", USER)
    monkeypatch.setenv("RUNCITE_CONFLUENCE_TOKEN", TOKEN)
    wiki = Wiki(flavor=flavor, context="/wiki")
    wiki.add("1", "VPN drops on hotel Wi-Fi", VPN)
    wiki.add("2", "Restart the client", STEPS)
    wiki.add("3", "Order toner", "<p>Ask the front desk for a new cartridge.</p>")
    home = ["--home", str(tmp_path / "home")]
    with serving(wiki) as base:
        monkeypatch.setenv("RUNCITE_CONFLUENCE_HOST", urlsplit(base).netloc)
        address = f"confluence+{base}?space=IT&flavor={flavor}"
        assert run([*home, "ingest", "--embedding", "bundled", address]) == 0
        capsys.readouterr()

        assert run([*home, "triage", "--json", "--as-of", "2026-11-20", "vpn drops on the hotel wifi"]) == 0
        decision = json.loads(capsys.readouterr().out)
        assert decision["outcome"] == "GUIDE_USER"
        assert [step["text"] for step in decision["steps"]] == ["Quit the client.", "Enable Always On."]
        (article_id,) = {citation["article_id"] for citation in decision["citations"]}
        assert article_id == "confluence/IT/1"
        assert decision["citations"][0]["owner"] == "netops"
        assert decision["citations"][0]["freshness"]["state"] == "fresh"

        # The page itself is untouched; what it includes is not.
        wiki.pages["2"].edit("<ol><li>Quit the client.</li><li>Wait a minute.</li></ol>")
        assert run([*home, "ingest", "--json", address]) == 0
        (report,) = json.loads(capsys.readouterr().out)["runs"]
        outcomes = {line["article_id"]: line["outcome"] for line in report["articles"]}
        assert outcomes == {"confluence/IT/1": "updated", "confluence/IT/2": "updated"}
        assert report["outcomes"] == {"updated": 2, "unchanged": 1}
