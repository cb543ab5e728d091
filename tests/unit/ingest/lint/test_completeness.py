import pytest

from ingest.models import RawDocument
from ingest.read import read

WHOLE = "---\nowner: netops\nlast_reviewed_on: 2026-10-01\n---\n# VPN\n\n1. Restart it.\n"


@pytest.mark.parametrize(
    ("text", "codes"),
    [
        pytest.param(WHOLE, [], id="whole"),
        pytest.param(WHOLE.replace("owner: netops\n", ""), ["no-owner"], id="nobody answers for it"),
        pytest.param(WHOLE.replace("last_reviewed_on: 2026-10-01\n", ""), ["no-review-date"], id="never reviewed"),
        pytest.param(WHOLE.replace("last_reviewed_on", "valid_until"), [], id="a last day will do"),
        pytest.param(WHOLE.replace("2026-10-01", "soon"), [], id="a date that is warned of already"),
        pytest.param(WHOLE.replace("1. ", ""), ["no-steps"], id="prose"),
        pytest.param(WHOLE.replace("1. ", "- "), [], id="bullets are steps"),
    ],
)
def test_what_is_missing_is_a_warning(text: str, codes: list[str]) -> None:
    article = read(RawDocument("a", "s", "text/markdown", text.encode(), name="a"))
    assert [one.code for one in article.findings] == codes
    assert {one.severity for one in article.findings} <= {"warning"}
