from collections.abc import Callable

import pytest

from ingest.models import Article, Block
from ingest.parse.markdown import parse_markdown


@pytest.mark.parametrize(
    ("source", "text"),
    [
        pytest.param("One\nline", "One line", id="soft-break"),
        pytest.param("One  \nline", "One\nline", id="hard-break"),
        pytest.param("a  *b* __c__ `d  e`", "a b c `d  e`", id="emphasis-and-code"),
        pytest.param("~~Do not~~", "~~Do not~~", id="struck-out-stays-struck"),
        pytest.param("`` a`b ``", "``a`b``", id="backtick-in-code"),
        pytest.param("## Two ##\n\nThree\n===", "## Two\n\n# Three", id="headings"),
        pytest.param("3. a\n4. b", "3. a\n4. b", id="numbers-as-written"),
        pytest.param("1. a\n1. b\n1. c", "1. a\n2. b\n3. c", id="numbers-counted"),
        pytest.param("1. a\n5. b\n6. c", "1. a\n5. b\n6. c", id="numbers-that-skip"),
        pytest.param("1. a\n   - b\n     1. c\n2. d", "1. a\n   - b\n     1. c\n2. d", id="nesting"),
        pytest.param("1. a\n\n   b\n2. c", "1. a\n\n   b\n2. c", id="paragraph-in-step"),
        pytest.param("- [ ] todo\n- [x] done", "- [ ] todo\n- [x] done", id="tasks"),
        pytest.param("> a\n> b\n>\n> c", "> a b\n\n> c", id="quote"),
        pytest.param("| a | b |\n|---|---|\n| 1 | `x|y` |", "| a | b |\n| 1 | `x |", id="table-cell-ends-at-a-bar"),
        pytest.param("| a | b |\n|---|---|\n| 1 |  |", "| a | b |\n| 1 |  |", id="table-empty-cell"),
        pytest.param("[guide](https://x.example/a)", "guide (https://x.example/a)", id="link"),
        pytest.param("<https://x.example>", "https://x.example", id="autolink"),
        pytest.param("[x.example](https://x.example/)", "x.example", id="link-that-says-its-target"),
        pytest.param("[guide](../vpn.md) [a](#b)", "guide a", id="relative-links"),
        pytest.param("[x](javascript:alert(1))", "[x](javascript:alert(1))", id="script-link-is-text"),
        pytest.param("[mail](mailto:a@b.example)", "mail (a@b.example)", id="mail-link"),
        pytest.param("## See [x](https://x.example)", "## See x", id="heading-without-urls"),
        pytest.param("![the *menu*](a/b.png)", "[image: the *menu*]", id="image"),
        pytest.param("![](a/b.png?x=1)", "[image: b.png]", id="image-by-name"),
        pytest.param("ssh admin@<hostname> &lt;x&gt;", "ssh admin@<hostname> <x>", id="placeholder-is-no-tag"),
        pytest.param("a<br>b <kbd>Esc</kbd> <b>c</b>", "a\nb Esc c", id="inline-html"),
        pytest.param('see <a href="https://x.example">x</a>', "see x (https://x.example)", id="html-link"),
        pytest.param("<!-- secret -->\n\nText <!-- x --> here", "Text here", id="comments"),
        pytest.param(
            "<details>\n<summary>More</summary>\n\n1. *a*\n\n</details>\n\nEnd", "More\n\n1. a\n\nEnd", id="details"
        ),
        pytest.param("<div>\n<script>x()</script><p>kept</p>\n</div>", "kept", id="html-block"),
        pytest.param("{{< hint info >}}\nUse it.\n{{< /hint >}}", "Use it.", id="hugo"),
        pytest.param('{{% notice %}} [Guide]({{< ref "x" >}})', "Guide", id="hugo-link"),
        pytest.param("{% include nav.html %}Text{: .note}", "Text", id="jekyll"),
        pytest.param("a\u200bb \U000e0041\u202ec\ufeff d\u00ad", "ab c d", id="invisible"),
        pytest.param("e\u0301", "é", id="nfc"),
        pytest.param("⚠\ufe0f x\ufe0f", "⚠\ufe0f x", id="variation-selectors"),
        pytest.param("\\1. not a step", "\\1. not a step", id="escape-that-is-none"),
        pytest.param("1\\. no step", "1. no step", id="escaped-number"),
        pytest.param("a\n\n***\n\nb", "a\n\nb", id="rule"),
    ],
)
def test_normalises(source: str, text: str) -> None:
    parsed = parse_markdown(f"---\ntitle: T\n---\n{source}")
    assert parsed.text == text
    for before, after in zip(parsed.blocks, parsed.blocks[1:], strict=False):
        assert before.end <= after.start


CODE = "  if a; then\n\n\techo `date` \u200b  \n  fi  \n"


@pytest.mark.parametrize(
    "source",
    [
        pytest.param(f"```bash\n{CODE}```", id="fence"),
        pytest.param(f"~~~ bash title=x\n{CODE}~~~", id="tildes"),
        pytest.param(
            "1. a\n\n   ```bash\n" + "".join(f"   {line}\n" for line in CODE.splitlines()) + "   ```", id="step"
        ),
        pytest.param("> ```bash\n" + "".join(f"> {line}\n" for line in CODE.splitlines()) + "> ```", id="quote"),
        pytest.param("- ```bash\n" + "".join(f"  {line}\n" for line in CODE.splitlines()) + "  ```", id="item-begins"),
    ],
)
def test_code_survives_byte_for_byte(source: str) -> None:
    parsed = parse_markdown(source)
    assert f"```bash\n{CODE}```" in parsed.text


def test_a_fence_grows_with_the_backticks_inside() -> None:
    assert parse_markdown("````\n```\nx\n```\n````").text == "````\n```\nx\n```\n````"


def test_go_templates_in_code_stay() -> None:
    assert "{{range .items}}" in parse_markdown("```\noc get -o go-template='{{range .items}}'\n```").text


def test_blocks_point_at_what_they_name(article_of: Callable[..., Article]) -> None:
    article = article_of(
        "# VPN\n\nIntro.\n\n## Fix\n\n1. One\n   - deep\n2. Two\n\n### Deeper\n\n- item\n\n> said\n\n## End\n"
    )
    shown = [
        (block.kind, article.text[block.start : block.end], block.section, block.number) for block in article.blocks
    ]
    assert shown == [
        ("paragraph", "Intro.", (), None),
        ("heading", "Fix", ("Fix",), None),
        ("step", "One\n   - deep", ("Fix",), 1),
        ("step", "Two", ("Fix",), 2),
        ("heading", "Deeper", ("Fix", "Deeper"), None),
        ("item", "item", ("Fix", "Deeper"), None),
        ("quote", "> said", ("Fix", "Deeper"), None),
        ("heading", "End", ("End",), None),
    ]
    assert article.blocks[1] == Block(
        "heading", article.text.index("Fix"), article.text.index("Fix") + 3, ("Fix",), None, 2
    )


@pytest.mark.parametrize(
    ("source", "title", "begins"),
    [
        pytest.param("# VPN drops\n\nText", "VPN drops", "Text", id="first-heading"),
        pytest.param("---\ntitle: VPN Drops\n---\n# VPN drops\n\nText", "VPN Drops", "Text", id="same-as-front-matter"),
        pytest.param(
            "---\ntitle: Other\n---\n# VpnDrops\n\nText", "Other", "# VpnDrops", id="differs-from-front-matter"
        ),
        pytest.param("Intro\n\n# VPN drops", "VPN drops", "Intro", id="only-heading-later"),
        pytest.param("Intro\n\n# Cause\n\n# Fix", None, "Intro", id="several-top-headings"),
        pytest.param("## Fix\n\nText", None, "## Fix", id="none"),
    ],
)
def test_finds_the_title(source: str, title: str | None, begins: str) -> None:
    parsed = parse_markdown(source)
    stated = parsed.fields.get("title") or parsed.title
    assert stated == title
    assert parsed.text.startswith(begins)


@pytest.mark.parametrize(
    "source",
    [
        "> " * 5000 + "x",
        "- " * 5000 + "x",
        "[" * 20000,
        "*" * 20000,
        "`" * 20000,
        "<div>" * 5000,
        "|" * 5000,
        "1. " * 500,
    ],
    ids=["quotes", "lists", "brackets", "stars", "ticks", "tags", "bars", "numbers"],
)
def test_hostile_nesting_does_not_break_it(source: str) -> None:
    parse_markdown(source)


@pytest.mark.parametrize("opening", ["{{< ", "<% "])
def test_template_tags_that_are_never_closed_are_looked_for_once(opening: str) -> None:
    assert len(parse_markdown(f"{opening}x\n" * 20_000).text) > 20_000
