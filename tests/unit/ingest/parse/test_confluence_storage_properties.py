from html import escape

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.parse.confluence_storage import parse_storage
from ingest.parse.hardened_xml import to_xml
from ingest.parse.html import parse_html
from ingest.parse.inline import clean_line
from tests.storage_fragments import macro, task

WORDS = st.text(st.characters(categories=["L", "N"], max_codepoint=0x3000), min_size=1, max_size=6).map(
    lambda word: word.encode("utf-8").hex()
)
CODE = st.text(
    st.one_of(st.sampled_from("]>[<&;`'\"-! \t\n"), st.characters(exclude_categories=["Cs", "Cc"])), max_size=30
).map(lambda code: f"x{code}".replace("\ufffe", "").replace("\uffff", ""))
KNOWN = ("info", "warning", "panel", "expand", "excerpt", "details", "unknown", "toc-zone")


@st.composite
def fragments(draw, depth=0):
    """Draw a fragment with the words and the code that must be found in its text."""
    kind = draw(
        st.sampled_from(["p", "ul", "ol", "macro", "code", "layout", "td", "task", "link"] if depth < 3 else ["p"])
    )
    if kind == "p":
        word = draw(WORDS)
        return f"<p>{word}</p>", [word], []
    if kind == "link":
        word = draw(WORDS)
        return f'<p><ac:link><ri:page ri:content-title="{word}"/></ac:link></p>', [word], []
    if kind == "code":
        code = draw(CODE)
        return macro("code", plain=code.replace("]]>", "]]]]><![CDATA[>")), [], [code]
    parts = draw(st.lists(fragments(depth + 1), min_size=1, max_size=3))
    inside = "".join(part[0] for part in parts)
    wrapped = {
        "ul": f"<ul><li>{inside}</li></ul>",
        "ol": f"<ol><li>{inside}</li></ol>",
        "macro": macro(draw(st.sampled_from(KNOWN)), inside),
        "layout": f"<ac:layout><ac:layout-cell>{inside}</ac:layout-cell></ac:layout>",
        "td": f"<table><tr><td>{inside}</td><td>y</td></tr></table>",
        "task": f"<ac:task-list>{task('complete', inside)}</ac:task-list>",
    }[kind]
    return wrapped, [word for part in parts for word in part[1]], [code for part in parts for code in part[2]]


@settings(max_examples=200, deadline=None)
@given(fragments(), st.booleans())
def test_no_visible_text_and_no_byte_of_code_is_lost(drawn, broken) -> None:
    storage, words, codes = drawn
    text = parse_storage(storage + "</nonsense>" * broken).text
    at = 0
    for word in words:
        assert word in text
    for code in codes:
        at = text.index(code, at)


TEXT = st.text(st.characters(exclude_categories=["Cs", "Cc", "Cn"]), max_size=40)
PLAIN = st.recursive(
    TEXT.map(lambda text: f"<p>{escape(text)}</p>"),
    lambda inner: st.tuples(st.sampled_from(["ul", "ol", "div", "blockquote"]), st.lists(inner, max_size=3)).map(
        lambda drawn: (
            (f"<{drawn[0]}>" + "".join(f"<li>{item}</li>" if drawn[0][1] == "l" else item for item in drawn[1]))
            + f"</{drawn[0]}>"
        )
    ),
    max_leaves=8,
)


@settings(max_examples=150, deadline=None)
@given(TEXT)
def test_running_text_is_kept_to_the_letter(text: str) -> None:
    assert parse_storage(f"<p>{escape(text)}</p>").text == clean_line(text)
    assert parse_storage(f"<p>{escape(text)}</p></broken>").text == clean_line(text)


@settings(max_examples=100, deadline=None)
@given(PLAIN)
def test_plain_elements_give_the_blocks_of_html(storage: str) -> None:
    page = parse_html(storage.replace("{", "(").replace("%", "("))
    parsed = parse_storage(storage.replace("{", "(").replace("%", "("))
    assert (parsed.text, parsed.blocks) == (page.text, page.blocks)


BOMB = '<!DOCTYPE x [<!ENTITY a "ha">' + "".join(
    f'<!ENTITY a{n} "{"&a" + (str(n - 1) if n else "") + ";"}{("&a" + (str(n - 1) if n else "") + ";") * 9}">'
    for n in range(10)
)


@pytest.mark.parametrize(
    ("storage", "kept"),
    [
        pytest.param(f"{BOMB}]><p>&a9; end</p>", "end", id="billion-laughs"),
        pytest.param('<!DOCTYPE x [<!ENTITY f SYSTEM "file:///etc/passwd">]><p>&f; end</p>', "end", id="xxe"),
        pytest.param("<p>" * 10_000 + "end", "end", id="deep"),
        pytest.param(
            "<ac:structured-macro ac:name='info'><ac:rich-text-body>" * 10_000 + "end", "end", id="deep-macros"
        ),
        pytest.param("<![CDATA[" * 100_000 + "end", "end", id="cdata-never-closed"),
        pytest.param("<!--" * 100_000 + "end", "end", id="comments-never-closed"),
        pytest.param("<?" * 100_000 + "end", "end", id="instructions-never-closed"),
        pytest.param("<!x " * 100_000 + "end", "end", id="declarations-never-closed"),
        pytest.param("<a/" * 100_000 + "end", None, id="tags-never-closed"),
        pytest.param(
            macro("details", "<table><tr><td>" * 60 + "<p>x</p>" * 20_000 + "</td></tr></table>" * 60), "x", id="tables"
        ),
        pytest.param("&" * 500_000 + "end", "end", id="ampersands"),
        pytest.param("<a:b " * 50_000 + "end", None, id="prefixes"),
        pytest.param("".join(f"<p{n}:b/>" for n in range(5000)) + "end", "end", id="many-prefixes"),
    ],
)
def test_hostile_pages_do_no_harm(storage: str, kept: str | None) -> None:
    # Of a size at which whatever is not linear takes minutes.
    text = parse_storage(storage).text
    assert "root:" not in text
    assert len(text) <= len(storage)
    assert kept is None or kept in text


def test_what_xml_cannot_hold_is_left_out() -> None:
    assert to_xml("a\x00\x1b\ufffeb&#xFFFE;&#55296;") == "ab"


@pytest.mark.parametrize(
    ("cell", "said"),
    [
        (
            '<ac:link><ri:page ri:content-title="VPN 2"/><ac:link-body>the new one</ac:link-body></ac:link>',
            "VPN 2",
        ),
        ('<ac:link><ri:page ri:content-title="VPN 2" ri:space-key="IT"/></ac:link>', "IT:VPN 2"),
        ('<p><ac:link><ri:content-entity ri:content-id="98304"/></ac:link></p>', "98304"),
        (
            '<a href="https://site.example/wiki/spaces/IT/pages/9/V">new</a>',
            "https://site.example/wiki/spaces/IT/pages/9/V",
        ),
        ("VPN 2", "VPN 2"),
    ],
    ids=["title", "title and space", "id", "address", "words"],
)
def test_a_pointer_is_read_by_where_it_leads(cell, said):
    table = f"<table><tbody><tr><th>Superseded by</th><td>{cell}</td></tr></tbody></table>"
    body = (
        f'<ac:structured-macro ac:name="details"><ac:rich-text-body>{table}</ac:rich-text-body></ac:structured-macro>'
    )
    assert parse_storage(body).fields == {"Superseded by": said}
