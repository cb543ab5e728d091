import pytest

from ingest.sources.dokuwiki_fields import has_table, read_fields, without_table


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        (
            "^ Owner | netops |\n^ Last reviewed | 2026-10-01 |\n\nText",
            {"owner": "netops", "last_reviewed": "2026-10-01"},
        ),
        ("====== VPN ======\n\n^ Owner | **netops** |", {"owner": "netops"}),
        ("^ Owner | [[user:a|Ann]] |\n", {"owner": "Ann"}),
        ("^ Superseded by | [[runbooks:new]] |\n", {"superseded_by": "dokuwiki/w/runbooks:new"}),
        ("^ Superseded by | [[:runbooks:new#steps|the new one]] |\n", {"superseded_by": "dokuwiki/w/runbooks:new"}),
        ("^ Superseded by | elsewhere |\n", {"superseded_by": "elsewhere"}),
        ("^ Owner |  |\n", {}),
        ("^ Owner | a |\n^ Owner | b |\n", {"owner": {"once": "a", "again": "b"}}),
        ("Text {{tag>vpn network}}", {"tags": ["vpn", "network"]}),
        # Further down it is a table like any other.
        ("Text\n\n^ Status | archived |\n", {}),
        # A table with a head of its own is no list of names and values.
        ("^ Exit code ^ Meaning ^\n| 1 | no route |\n", {}),
        ("", {}),
    ],
)
def test_the_table_at_the_head(source, expected):
    assert read_fields(source, {"runbooks:new": "dokuwiki/w/runbooks:new"}) == expected


def test_tags_alone_are_no_table():
    assert not has_table("{{tag>vpn}}\n\nText")


def test_only_the_first_table_is_left_out():
    table = '<div class="table sectionedit1"><table class="inline"><tr><td>{}</td></tr></table></div>'
    assert without_table(table.format(1) + "<p>Text</p>" + table.format(2)) == "<p>Text</p>" + table.format(2)
