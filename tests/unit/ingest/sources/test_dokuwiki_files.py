import pytest

from ingest.sources.dokuwiki_fields import media_links


@pytest.mark.parametrize(
    ("written", "found"),
    [
        ("{{steps.pdf}}", ["it:net:steps.pdf"]),
        ("{{ :Top:My Steps.pdf |Label }}", ["top:my_steps.pdf"]),
        ("{{hr:steps.pdf?linkonly}}", ["hr:steps.pdf"]),
        ("{{:steps.pdf#page}}", ["steps.pdf"]),
        ("{{.:steps.pdf}} {{.sub:steps.pdf}}", ["it:net:steps.pdf", "it:net:sub:steps.pdf"]),
        ("{{..:steps.pdf}}", ["it:steps.pdf"]),
        ("{{https://example.org/a.pdf}} {{tag>a b}} {{}} {{|x}}", []),
        ("{{a.pdf}}{{a.pdf}}", ["it:net:a.pdf"]),
    ],
)
def test_media_are_named_from_the_page_s_namespace(written, found):
    assert media_links(written, "it:net:vpn") == found


def test_braces_without_end_name_nothing():
    assert media_links("{{" * 200_000 + "{{a.pdf}}" + "{{a|" * 100_000, "it:vpn") == ["it:a.pdf"]
