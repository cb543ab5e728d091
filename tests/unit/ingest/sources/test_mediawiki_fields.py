import pytest

from ingest.metadata import read_metadata
from ingest.sources.mediawiki_fields import page_fields

ARTICLES = {"New VPN": "mediawiki/w/7"}


def fields(wikitext, *categories, template="Runbook"):
    return page_fields(wikitext, categories, template, ARTICLES)


@pytest.mark.parametrize(
    ("wikitext", "expected"),
    [
        ("{{Runbook|owner=netops|review in = 6 months}}", {"owner": "netops", "review in": "6 months"}),
        ("{{ runbook \n| owner = netops\n}}", {"owner": "netops"}),
        ("{{Template:Runbook|owner=netops}}", {"owner": "netops"}),
        ("{{Runbook|owner=[[Team:Net|Net ops]]}}", {"owner": "Net ops"}),
        (
            "{{Runbook|owner={{user|a=b}}|valid until=2027-01-01}}",
            {"owner": "{{user|a=b}}", "valid until": "2027-01-01"},
        ),
        ("{{Runbook|superseded by=[[new_VPN#Steps|this]]}}", {"superseded by": "mediawiki/w/7"}),
        ("{{Runbook|superseded by=Elsewhere}}", {"superseded by": "Elsewhere"}),
        # Empty and positional arguments say nothing.
        ("{{Runbook|owner=|x}}", {}),
        # Another template, and none at all.
        ("{{Runbooks|owner=netops}} {{Runbook list}}", {}),
        ("<nowiki>{{Runbook|owner=a}}</nowiki><!-- {{Runbook|owner=b}} --><pre>{{Runbook|owner=c}}</pre>", {}),
        # Never closed: what is complete of it counts.
        ("{{Runbook|owner=netops|audience=it\n\nText", {"owner": "netops"}),
        ("{{Runbook|owner=a}}{{Runbook|owner=b}}", {"owner": {"once": "a", "again": "b"}}),
    ],
)
def test_arguments_of_the_template(wikitext, expected):
    assert fields(wikitext) == expected


def test_another_template_can_be_named():
    assert fields("{{IT article|owner=netops}}", template="IT_article") == {"owner": "netops"}


@pytest.mark.parametrize(
    ("wikitext", "categories", "status"),
    [
        ("", ["Runbooks"], "published"),
        ("", ["Draft"], "draft"),
        ("", ["Drafts", "archived"], "archived"),
        ("{{Runbook|status=published}}", ["Draft"], "draft"),
        ("{{Runbook|Status=archived}}", ["Draft"], "archived"),
        # Not understood: a draft, unless a category is stricter.
        ("{{Runbook|status=unclear}}", [], "draft"),
        ("{{Runbook|status=unclear}}", ["Obsolete"], "archived"),
    ],
)
def test_the_strictest_status_counts(wikitext, categories, status):
    assert read_metadata(fields(wikitext, *categories)).metadata.status == status


def test_categories_are_labels():
    assert fields("", "Runbooks", "VPN") == {"labels": ["Runbooks", "VPN"]}
