import json
from html.parser import HTMLParser

import pytest
from defusedxml import ElementTree

from api.schemas import DecisionV1
from tests.integration.conftest import AS_OF

pytestmark = pytest.mark.integration

VPN = ["vpn drops every few minutes", "my VPN disconnects in the hotel", "vpn drops on café Wi-Fi"]
TONER = [
    "replace the toner of the printer",
    "the toner cartridge of our printer is empty",
    "change printer toner",
]
OTHER = ["where can I park my bicycle", "what is the weather in Leeds", "book a table for two", "the cat is hungry"]
LAX = ("--alpha", "0.5", "--delta", "0.4")


@pytest.fixture
def labelled(tmp_path):
    rows = [(text, ["network/vpn-drops"]) for text in VPN]
    rows += [(text, ["printers/toner"]) for text in TONER]
    rows += [(text, []) for text in OTHER]
    file = tmp_path / "mine.jsonl"
    lines = (json.dumps({"id": f"T{n}", "text": text, "expected": found}) for n, (text, found) in enumerate(rows))
    file.write_text("\n".join(lines) + "\n")
    (tmp_path / "meta.json").write_text(json.dumps({"as_of": AS_OF}))
    return file


def decided(runcite):
    code, out, _ = runcite("triage", "--as-of", AS_OF, "--json", VPN[0])
    assert code == 0
    return DecisionV1.model_validate_json(out)


def test_what_is_certified_is_in_force_at_once_and_named(runcite, home, labelled):
    assert decided(runcite).provenance.calibration == "preset"
    code, out, err = runcite("calibrate", labelled, *LAX, "--json")
    told = json.loads(out)
    assert (code, told["fitted_to"], told["certificate"]["tickets"]) == (0, 0, 10)
    decision = decided(runcite)
    assert decision.provenance.calibration == f"fitted:{told['id']}"
    assert decision.action == "resolve"
    assert decision.gates[-1].detail == f"confidence rests on fitted:{told['id']}"
    assert "calibration.svg" in err
    assert ElementTree.parse(home / "calibration.svg").getroot().tag.endswith("svg")
    page = runcite("calibrate", labelled, *LAX)[1]
    for said in ("with 60% confidence", "Risk and coverage", "gives", "fitted:"):
        assert said in page
    assert max(map(len, page.splitlines())) <= 80


def test_what_cannot_be_certified_changes_nothing_and_says_what_could(runcite, home, labelled):
    runcite("calibrate", labelled, *LAX)
    before = (home / "calibration.json").read_bytes()
    code, out, err = runcite("calibrate", labelled)
    assert code == 1
    assert "With 10 tickets, at 90% confidence the best that can be certified is" in err
    assert "at least 45 must be acted on" in err
    assert "nothing" in out
    assert (home / "calibration.json").read_bytes() == before


def test_an_index_that_has_changed_acts_no_more(runcite, home, labelled, tmp_path, pages):
    runcite("calibrate", labelled, *LAX)
    more = tmp_path / "more"
    more.mkdir()
    (more / "wifi.md").write_text("---\nowner: netops\nlast_reviewed_on: 2026-10-01\n---\n# Wi-Fi\n\n1. Turn it on.\n")
    assert runcite("ingest", more)[0] == 0
    decision = decided(runcite)
    assert decision.action == "escalate"
    assert decision.refusal is not None
    assert decision.refusal.reason == "calibration"
    assert "(stale: 25% of the articles have changed" in decision.provenance.calibration
    assert {citation.use for citation in decision.citations} == {"for_review"}
    (home / "calibration.json").unlink()
    assert decided(runcite).action == "resolve"


@pytest.mark.parametrize(
    ("line", "said"),
    [
        pytest.param(
            '{"id": "X", "text": "a", "expected": ["no/such"]}', "line 11: no article 'no/such'", id="unknown"
        ),
        pytest.param('{"id": "T1", "text": "a", "expected": []}', "line 11: id 'T1' is that of line 2", id="twice"),
        pytest.param("{", "line 11: ", id="broken"),
    ],
)
def test_bad_labels_are_told_by_line_and_overwrite_nothing(runcite, home, labelled, line, said):
    runcite("calibrate", labelled, *LAX)
    before = (home / "calibration.json").read_bytes()
    labelled.write_text(labelled.read_text() + line + "\n")
    code, out, err = runcite("calibrate", labelled, *LAX)
    assert (code, out) == (2, "")
    assert said in err
    assert (home / "calibration.json").read_bytes() == before


class _Names(HTMLParser):
    def __init__(self):
        super().__init__()
        self.tags = set()
        self.links = []

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)
        self.links += [value for name, value in attrs if name in ("src", "href")]


def test_the_home_itself_is_evaluated_on_a_page_and_against_an_earlier_run(runcite, labelled, tmp_path):
    code, out, _ = runcite("eval", labelled, "--json")
    first = json.loads(out)
    assert (code, first["tickets"], first["articles"]) == (0, 10, 4)
    assert first["acting"]["threshold"] == 0.5
    (tmp_path / "run.json").write_text(out)
    runcite("calibrate", labelled, *LAX)
    page = tmp_path / "page.html"
    code, out, _ = runcite("eval", labelled, "--against", tmp_path / "run.json", "--html", page, "--json")
    compared = json.loads(out)["comparison"]
    assert code == 0
    assert {"calibration", "threshold"} <= {name for name, _, _ in compared["conditions"]}
    assert compared["figures"]["hit_at_1"]["change"]["value"] == 0.0
    found = _Names()
    found.feed(page.read_text())
    assert {"svg", "table", "polyline"} <= found.tags
    assert not found.tags & {"script", "link", "img", "iframe"}
    assert not found.links
    code, out, _ = runcite("eval", labelled, "--against", tmp_path / "run.json")
    assert "What decided otherwise" in out
    assert max(map(len, out.splitlines())) <= 80


def test_a_run_that_is_none_is_named(runcite, labelled, tmp_path):
    (tmp_path / "run.json").write_text("{}")
    code, _, err = runcite("eval", labelled, "--against", tmp_path / "run.json")
    assert code == 2
    assert "is no run" in err
