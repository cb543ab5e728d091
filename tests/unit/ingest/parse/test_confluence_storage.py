import pytest

from ingest.metadata import read_metadata
from ingest.models import RawDocument
from ingest.parse.confluence_storage import parse_storage
from ingest.read import read
from tests.storage_fragments import macro, task


def include(title: str, name: str = "include") -> str:
    link = f'<ac:link><ri:page ri:content-title="{title}" ri:space-key="IT"/></ac:link>'
    return macro(name, **{"": link})


def panel(kind: str) -> str:
    return (
        f'<ac:adf-extension><ac:adf-node type="panel"><ac:adf-attribute key="panel-type">{kind}</ac:adf-attribute>'
        "<ac:adf-content><p>Text</p></ac:adf-content></ac:adf-node><ac:adf-fallback><p>Text</p></ac:adf-fallback>"
        "</ac:adf-extension>"
    )


TABLE = (
    "<table><tbody><tr><th>Owner</th><td>netops</td></tr>"
    "<tr><th>Valid until</th><td>2027-01-01</td></tr></tbody></table>"
)
DECISION = (
    '<ac:adf-extension><ac:adf-node type="decision-list"><ac:adf-attribute key="local-id">9</ac:adf-attribute>'
    '<ac:adf-node type="decision-item"><ac:adf-attribute key="state">DECIDED</ac:adf-attribute>'
    "<ac:adf-content>Use it</ac:adf-content></ac:adf-node></ac:adf-node>"
    "<ac:adf-fallback><ul><li>Use it</li></ul></ac:adf-fallback></ac:adf-extension>"
)
CELL = "<ac:layout-cell><p>{}</p></ac:layout-cell>"

GOLDEN = [
    pytest.param("<p>a&nbsp;b &eacute; &rarr; &amp; &lt;x&gt; &#x20ac;</p>", "a b é → & <x> €", id="entities"),
    pytest.param("<p>a & b &bogus; &#0;c</p>", "a & b &bogus; c", id="stray-ampersands"),
    pytest.param("<o:p>a</o:p><x:y z:w='1'>b</x:y>", "ab", id="undeclared-prefixes"),
    pytest.param("<h1>Fix</h1><p>a</p>", "# Fix\n\na", id="a-first-heading-stays"),
    pytest.param(
        macro("code", plain="\nls  -l\n\ty\n", language="bash", title="x.sh"),
        "x.sh\n\n```bash\n\nls  -l\n\ty\n```",
        id="code",
    ),
    pytest.param(
        macro("code", plain="[[ a ]]]]><![CDATA[> b &nbsp; <c/>"), "```\n[[ a ]]> b &nbsp; <c/>\n```", id="split-cdata"
    ),
    pytest.param(macro("code", plain="x", language="none"), "```\nx\n```", id="code-without-language"),
    pytest.param(macro("code", plain="```", language="c#"), "````c#\n```\n````", id="code-of-ticks"),
    pytest.param(macro("noformat", plain=" a\n  b"), "```\n a\n  b\n```", id="noformat"),
    pytest.param("<pre>a\n b</pre>", "```\na\n b\n```", id="pre"),
    pytest.param(
        f"<ol><li><p>a</p>{macro('code', plain='x  y')}</li><li>b</li></ol>",
        "1. a\n\n```\nx  y\n```\n2. b",
        id="code-in-a-step",
    ),
    pytest.param(
        "<ol><li>a<ul><li>b</li></ul></li></ol><ol start='2'><li>c</li></ol>", "1. a\n   - b\n\n2. c", id="steps"
    ),
    pytest.param(macro("info", "<p>a</p><p>b</p>"), "> **INFO** a\n\n> b", id="info"),
    pytest.param(macro("warning", "<p>a</p>", title="Stop"), "> **WARNING: Stop** a", id="warning-with-title"),
    pytest.param(macro("note", "<ul><li>a</li></ul>"), "> **NOTE**\n> - a", id="note-of-a-list"),
    pytest.param(macro("tip", "a"), "> **TIP** a", id="tip"),
    pytest.param(macro("panel", "<p>a</p>", title="T"), "> **T** a", id="panel"),
    pytest.param(macro("panel", "<ol><li>a</li></ol>", title="T"), "**T**\n\n1. a", id="a-panel-of-steps-is-steps"),
    pytest.param(panel("warning"), "> **WARNING** Text", id="cloud-panel-once"),
    pytest.param(panel("custom"), "> Text", id="cloud-panel-of-no-kind"),
    pytest.param(DECISION, "Use it", id="cloud-decision"),
    pytest.param(
        "<ac:adf-extension><ac:adf-fallback><p>a</p></ac:adf-fallback></ac:adf-extension>", "a", id="fallback-alone"
    ),
    pytest.param(macro("expand", "<p>a</p>", title="More"), "**More**\n\na", id="expand"),
    pytest.param(
        f"<p>Is {macro('status', title='DEPRECATED', colour='Red')} now</p>", "Is [DEPRECATED] now", id="status"
    ),
    pytest.param(
        f"<ac:task-list>{task('complete', '<span>a</span>')}{task('incomplete', 'b')}</ac:task-list>",
        "- [x] a\n- [ ] b",
        id="tasks",
    ),
    pytest.param(macro("details", TABLE), "| Owner | netops |\n| Valid until | 2027-01-01 |", id="page-properties"),
    pytest.param(f"{macro('details', TABLE, hidden='true')}<p>a</p>", "a", id="hidden-page-properties"),
    *(
        pytest.param(f"<p>a</p>{macro(name)}<p>b</p>", "a\n\nb", id=name)
        for name in ("toc", "children", "pagetree", "recently-updated", "livesearch", "attachments", "contentbylabel")
    ),
    pytest.param(include("Esc &amp; co"), "[Included page: Esc & co]", id="include"),
    pytest.param(include("Esc", "excerpt-include"), "[Included page: Esc]", id="excerpt-include"),
    pytest.param(macro("excerpt", "<p>a</p>"), "a", id="excerpt"),
    pytest.param(f"<p>See {macro('jira', key='NET-42')}.</p>", "See NET-42.", id="jira"),
    pytest.param(macro("jira", jqlQuery="project = NET"), "[Jira: project = NET]", id="jira-query"),
    pytest.param(
        '<ac:link ac:anchor="a"><ri:page ri:content-title="T"/><ac:plain-text-link-body><![CDATA[t & u]]>'
        "</ac:plain-text-link-body></ac:link>!",
        "t & u!",
        id="link-with-plain-text",
    ),
    pytest.param(
        '<ac:link><ri:page ri:content-title="T"/><ac:link-body>a <strong>b</strong></ac:link-body></ac:link>',
        "a b",
        id="link-with-rich-text",
    ),
    pytest.param('<p>See <ac:link><ri:page ri:content-title="T"/></ac:link>.</p>', "See T.", id="link-without-text"),
    pytest.param('<ac:link ac:anchor="top"/>', "top", id="link-to-an-anchor"),
    pytest.param('<ac:link><ri:attachment ri:filename="a.pdf"/></ac:link>', "a.pdf", id="link-to-a-file"),
    pytest.param("<a href='https://x.example/a'>there</a>", "there (https://x.example/a)", id="link-outside"),
    pytest.param('<p>Ask <ac:link><ri:user ri:account-id="1"/></ac:link></p>', "Ask @user", id="mention"),
    pytest.param('<ac:link><ri:user ri:userkey="1" ri:display-name="Ann"/></ac:link>', "@Ann", id="named-mention"),
    pytest.param('<p>On <time datetime="2026-10-01"/>.</p>', "On 2026-10-01.", id="date"),
    pytest.param(
        '<ac:image ac:alt="menu"><ri:attachment ri:filename="n.png"/></ac:image>', "[image: menu]", id="image"
    ),
    pytest.param('<ac:image><ri:attachment ri:filename="n.png"/></ac:image>', "[image: n.png]", id="image-by-file"),
    pytest.param(
        '<ac:image><ri:url ri:value="https://x.example/p/n.png?v=1"/><ac:caption><p>c</p></ac:caption></ac:image>',
        "[image: n.png]\n\nc",
        id="image-by-url-with-caption",
    ),
    pytest.param(
        '<table><tr><td>VPN</td><td><ac:emoticon ac:name="tick"/></td></tr></table>', "| VPN | :tick: |", id="emoticon"
    ),
    pytest.param('<p><ac:emoticon ac:name="warning" ac:emoji-fallback="⚠️"/> a</p>', "⚠️ a", id="emoji"),
    pytest.param(
        f'<ac:layout><ac:layout-section ac:type="two_equal">{CELL.format("a")}{CELL.format("b")}'
        f"</ac:layout-section></ac:layout>",
        "a\n\nb",
        id="layout",
    ),
    pytest.param("<p>a <ac:placeholder>type here</ac:placeholder>b</p>", "a b", id="placeholder"),
    pytest.param(
        '<p>a <ac:inline-comment-marker ac:ref="1">b <em>c</em></ac:inline-comment-marker> d</p>',
        "a b c d",
        id="inline-comment",
    ),
    pytest.param(macro("lucidchart", "<p>a</p>"), "[macro: lucidchart]\n\na", id="unknown-macro"),
    pytest.param(macro("plantuml", plain="a -> b"), "[macro: plantuml]\n\n```\na -> b\n```", id="unknown-plain-macro"),
    pytest.param(f"<p>a {macro('drawio')} b</p>", "a [macro: drawio] b", id="unknown-macro-without-body"),
    pytest.param(
        '<ac:macro ac:name="warning"><ac:rich-text-body><p>a</p></ac:rich-text-body></ac:macro>',
        "> **WARNING** a",
        id="macro-of-old-pages",
    ),
    pytest.param(
        macro("view-file", name='<ri:attachment ri:filename="a.docx"/>'), "[attachment: a.docx]", id="view-file"
    ),
    pytest.param(
        macro("info", macro("expand", macro("code", plain="a\n  b"), title="T")),
        "> **INFO** **T**\n\n```\na\n  b\n```",
        id="macros-in-macros",
    ),
    pytest.param("<p>{{&lt; ref &gt;}}<!-- no --></p>", "{{< ref >}}", id="what-is-no-template-tag-here"),
]


@pytest.mark.parametrize(("storage", "text"), GOLDEN)
def test_normalises(storage: str, text: str) -> None:
    parsed = parse_storage(storage)
    assert parsed.text == text
    assert parsed.title is None
    assert all(parsed.text[block.start : block.end].strip() for block in parsed.blocks)


@pytest.mark.parametrize(("storage", "text"), [case for case in GOLDEN if case.id not in {"link-to-an-anchor"}])
def test_a_broken_end_changes_nothing_before_it(storage: str, text: str) -> None:
    parsed = parse_storage(f"<div>{storage}</div><p>end</b>")
    assert parsed.text == f"{text}\n\nend"
    assert "not well-formed XML" in parsed.warnings[0]


def test_steps_are_the_blocks_that_html_gives() -> None:
    parsed = parse_storage(f"<h2>Fix</h2><ol><li>a{macro('code', plain='x')}</li><li>b</li></ol>")
    assert [(block.kind, block.number, block.section) for block in parsed.blocks] == [
        ("heading", None, ("Fix",)),
        ("step", 1, ("Fix",)),
        ("step", 2, ("Fix",)),
    ]


@pytest.mark.parametrize(
    ("rows", "fields"),
    [
        pytest.param("<tr><th>Owner:</th><td><p>netops</p></td></tr>", {"Owner": "netops"}, id="names-in-a-column"),
        pytest.param("<tr><td>Owner</td><td>netops</td></tr>", {"Owner": "netops"}, id="no-header-cells"),
        pytest.param(
            "<tr><th>Owner</th><th>Review interval</th></tr><tr><td>a</td><td>6 months</td></tr>",
            {"Owner": "a", "Review interval": "6 months"},
            id="names-in-a-row",
        ),
        pytest.param(
            "<tr><th>Property</th><th>Value</th></tr><tr><td>Owner</td><td>a</td></tr>",
            {"Property": "Value", "Owner": "a"},
            id="titled-columns",
        ),
        pytest.param(
            '<tr><th>Last reviewed</th><td><time datetime="2026-10-01"/></td></tr>',
            {"Last reviewed": "2026-10-01"},
            id="date",
        ),
        pytest.param(
            f"<tr><th>Status</th><td>{macro('status', title='DEPRECATED')}</td></tr>",
            {"Status": "DEPRECATED"},
            id="lozenge",
        ),
        pytest.param(
            '<tr><th>Superseded by</th><td><ac:link><ri:page ri:content-title="New"/></ac:link></td></tr>',
            {"Superseded by": "New"},
            id="link",
        ),
        pytest.param(
            '<tr><th>Owner</th><td><ac:link><ri:user ri:account-id="1"/></ac:link></td></tr>', {}, id="nobody-named"
        ),
        pytest.param("<tr><th>Owner</th><td></td></tr>", {}, id="empty"),
        pytest.param(
            "<tr><th>Audience</th><td>hr</td></tr><tr><th>Audience</th><td>all</td></tr>",
            {"Audience": {"once": "hr", "again": "all"}},
            id="contradiction",
        ),
        pytest.param(
            "<tr><th>Symptoms</th><td><ul><li>a, b</li><li>c</li></ul></td></tr>", {"Symptoms": "a, b\nc"}, id="list"
        ),
    ],
)
def test_page_properties_are_fields(rows: str, fields: dict[str, object]) -> None:
    for hidden in ("true", "false"):
        assert parse_storage(macro("details", f"<table><tbody>{rows}</tbody></table>", hidden=hidden)).fields == fields


def test_page_properties_in_a_layout_table_count() -> None:
    storage = f"<table><tr><td>{macro('details', TABLE)}</td><td>x</td></tr></table>"
    assert parse_storage(storage).fields == {"Owner": "netops", "Valid until": "2027-01-01"}


def test_page_properties_reach_the_article() -> None:
    raw = RawDocument("1", "wiki", "application/x-confluence-storage", macro("details", TABLE).encode(), "VPN")
    article = read(raw)
    assert (article.title, article.metadata.owner) == ("VPN", "netops")
    assert str(article.metadata.dates.valid_until) == "2027-01-01"


def test_properties_of_an_included_page_are_not_this_page_s() -> None:
    parsed = parse_storage(f'<div data-included="B">{macro("details", TABLE)}</div>')
    assert parsed.fields == {}
    assert "netops" in parsed.text


def test_a_contradiction_in_page_properties_leaves_no_reader() -> None:
    rows = "<tr><th>Audience</th><td>hr</td></tr><tr><th>Audience</th><td>everyone</td></tr>"
    fields = parse_storage(macro("details", f"<table>{rows}</table>")).fields
    assert read_metadata(fields).metadata.audience == ()


@pytest.mark.parametrize(
    ("storage", "status"),
    [
        pytest.param(f"<p>{macro('status', title='Deprecated')}</p><h1>Fix</h1>", "archived", id="on-top"),
        pytest.param(f"<p>Status: {macro('status', title='DRAFT')}</p><h1>Fix</h1>", "draft", id="with-its-name"),
        pytest.param(f"<p>Tool x is {macro('status', title='DEPRECATED')}.</p>", "published", id="of-something-else"),
        pytest.param(f"<h1>Old way</h1><p>{macro('status', title='DEPRECATED')}</p>", "published", id="of-a-section"),
        pytest.param(f"<p>{macro('status', title='IN PROGRESS')}</p>", "published", id="of-no-status"),
        pytest.param(
            f"{macro('details', '<table><tr><th>Status</th><td>Current</td></tr></table>')}"
            f"<p>{macro('status', title='DEPRECATED')}</p>",
            "draft",
            id="that-contradicts",
        ),
    ],
)
def test_a_lozenge_on_top_is_the_page_s_status(storage: str, status: str) -> None:
    assert read_metadata(parse_storage(storage).fields).metadata.status == status


def test_unknown_macros_are_counted_commonest_first() -> None:
    warnings = parse_storage(macro("y") + macro("x") * 3 + macro("toc")).warnings
    assert warnings == ("unknown macros: x (3), y (1)",)
