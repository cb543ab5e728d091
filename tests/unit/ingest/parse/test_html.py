import pytest

from ingest.metadata import read_metadata
from ingest.parse.html import parse_html


@pytest.mark.parametrize(
    ("source", "text"),
    [
        pytest.param("<p>One\n line</p>two<p>three", "One line\n\ntwo\n\nthree", id="paragraphs"),
        pytest.param("a<br/>b", "a\nb", id="break"),
        pytest.param("<h2>Fix <a href='https://x.example'>it</a></h2><p>x", "## Fix it\n\nx", id="heading"),
        pytest.param("<ol><li>a<li>b</ol>", "1. a\n2. b", id="steps"),
        pytest.param("<ol start=4><li>a<li value=7>b<li>c</ol>", "4. a\n7. b\n8. c", id="start-and-value"),
        pytest.param("<ol reversed><li>a<li>b</ol>", "2. a\n1. b", id="reversed"),
        pytest.param("<ol start=x><li>a</ol>", "1. a", id="bad-start"),
        pytest.param("<ul><li><p>a</p><p>b</p></li><li>c</li></ul>", "- a\n\n  b\n- c", id="blocks-in-items"),
        pytest.param("<ol><li>a<ul><li>b</ul></li><li>c</ol>", "1. a\n   - b\n2. c", id="nested"),
        pytest.param("<ol><li>a</li><ul><li>b</ul><li>c</ol>", "1. a\n\n- b\n\n2. c", id="list-straight-in-list"),
        pytest.param("<li>a</li>", "- a", id="item-without-list"),
        pytest.param("<blockquote><p>a</p><p>b</blockquote>", "> a\n\n> b", id="quote"),
        pytest.param(
            "<dl><dt>Term<dd>Meaning<dt>Other<dd>x</dl>", "- Term\n\n  Meaning\n- Other\n\n  x", id="definitions"
        ),
        pytest.param("<details><summary>More</summary><p>kept</p></details>", "More\n\nkept", id="details"),
        pytest.param("<nav>x</nav><script>y</script><style>z</style><template>t</template>a", "a", id="dropped"),
        pytest.param("a<script>x</script> tail", "a tail", id="text-after-dropped"),
        pytest.param("<p>Use <code>rm  -r</code>, <del>now</del></p>", "Use `rm  -r`, ~~now~~", id="code-and-struck"),
        pytest.param("<code>a\nb</code>", "```\na\nb\n```", id="code-of-several-lines"),
        pytest.param("<input type=checkbox checked>a <input type=text>", "[x] a", id="checkbox"),
        pytest.param("<img src='a/b.png' alt='menu'><img src='data:x'>", "[image: menu]", id="images"),
        pytest.param("<table><tr><th>a<th>b<tr><td>1<td>2</table>", "| a | b |\n| 1 | 2 |", id="table"),
        pytest.param(
            "<table><caption>C</caption><tr><td rowspan=2>a<td>1<tr><td>2</table>",
            "C\n\n| a | 1 |\n| a | 2 |",
            id="rowspan",
        ),
        pytest.param(
            "<table><tr><td colspan=2>a<td>b<tr><td>1<td>2<td>3</table>", "| a |  | b |\n| 1 | 2 | 3 |", id="colspan"
        ),
        pytest.param("<table><tr><td><ul><li>x<li>y</ul><td>b<br>c</table>", "| - x - y | b c |", id="blocks-in-cells"),
        pytest.param("<table><tr><td><p>a</p><p>b</table>", "a\n\nb", id="layout-table"),
        pytest.param(
            "<table><tr><td>a<td><pre>x\n y</pre></table>", "a\n\n```\nx\n y\n```", id="table-with-code-is-layout"
        ),
        pytest.param("ssh &lt;host&gt; as <user>", "ssh <host> as <user>", id="placeholders"),
        pytest.param("<p>a&nbsp;b &amp; c&#x200b;", "a b & c", id="entities"),
        pytest.param("<o:p>x</o:p><font>y</font>", "xy", id="word-markup"),
    ],
)
def test_normalises(source: str, text: str) -> None:
    assert parse_html(source).text == text


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("<pre>\na\n b  \n</pre>", "```\na\n b  \n```"),
        ("<pre>\n\na</pre>", "```\n\na\n```"),
        ('<pre><code class="language-bash">\na &amp;&amp; b</code></pre>', "```bash\n\na && b\n```"),
        ('<pre class="brush: sql; x">a<br>b</pre>', "```sql\na\nb\n```"),
        ("<pre><span>a</span> <b>b</b>\nc</pre>", "```\na b\nc\n```"),
        ("<ol><li>x<pre>a\n  b</pre></ol>", "1. x\n\n```\na\n  b\n```"),
        ("<pre>```</pre>", "````\n```\n````"),
    ],
)
def test_code_survives_byte_for_byte(source: str, text: str) -> None:
    assert parse_html(source).text == text


def test_reads_title_and_meta_tags() -> None:
    source = (
        "<html><head><title>VPN - Wiki</title><meta name='Owner' content='netops'><meta charset='utf-8'></head>"
        "<body><h1>VPN drops</h1><p>Text</body></html>"
    )
    parsed = parse_html(source)
    assert (parsed.title, parsed.fields, parsed.text) == ("VPN drops", {"Owner": "netops"}, "Text")


def test_without_a_heading_the_page_title_counts() -> None:
    assert parse_html("<title>VPN</title><p>Text").title == "VPN"


@pytest.mark.parametrize("tag", ["div", "ul><li", "blockquote", "b", "table><tr><td"])
def test_ten_thousand_levels_lose_the_structure_and_keep_the_text(tag: str) -> None:
    parsed = parse_html(f"<{tag}>" * 10_000 + "deep" + "<script>no</script><p>after</p>")
    assert "deep" in parsed.text
    assert "after" in parsed.text
    assert "no" not in parsed.text
    assert "nested too deeply" in parsed.warnings[0]


@pytest.mark.parametrize("source", ["", " ", "<!-- x -->", "</p>", "<script>x", "<", "&#0;", "<a" + " b" * 5000])
def test_nothing_to_read_gives_no_text(source: str) -> None:
    assert len(parse_html(source).text) < 10


def test_an_xhtml_page_with_its_declaration_is_read() -> None:
    source = (
        "<?xml version='1.0' encoding='iso-8859-1'?>\n<html xmlns='http://www.w3.org/1999/xhtml'><p>Größe 😀</p></html>"
    )
    assert parse_html(source).text == "Größe 😀"


def test_meta_tags_that_contradict_each_other_leave_no_reader() -> None:
    parsed = parse_html("<meta name=audience content=everyone><meta name=audience content=hr><p>Text")
    assert read_metadata(parsed.fields).metadata.audience == ()


def test_spanning_cells_do_not_blow_an_article_up() -> None:
    cell = f"<td rowspan=50 colspan=50>{'long ' * 100}"
    text = parse_html("<table>" + f"<tr>{cell}<td>own" * 2000).text
    assert text.count("own") == 2000
    assert len(text) < 2000 * 1500


def test_a_cell_that_spans_rows_is_repeated() -> None:
    assert parse_html("<table><tr><td rowspan=2>a<td>b<tr><td>c").text == "| a | b |\n| a | c |"


def test_rows_stand_below_the_head_of_their_table():
    page = "<table><thead><tr><th>A</th><th>B</th></tr></thead><tr><td>1</td><td>2</td></tr></table>"
    assert parse_html(page).text == "| A | B |\n| 1 | 2 |"
