import time

import pytest

from ingest.parse.confluence_storage import parse_storage
from ingest.parse.storage_includes import MAX_DEPTH, Dependency, expand_includes, included_titles
from ingest.parse.storage_users import mentioned_users, name_users


def include(title: str, name: str = "include", space: str = "") -> str:
    where = f' ri:space-key="{space}"' if space else ""
    return (
        f'<ac:structured-macro ac:name="{name}"><ac:parameter ac:name=""><ac:link><ri:page{where} '
        f'ri:content-title="{title}"/></ac:link></ac:parameter></ac:structured-macro>'
    )


class Wiki:
    def __init__(self, **pages: str) -> None:
        self.pages = pages
        self.asked: list[tuple[str, str | None]] = []

    def __call__(self, title: str, space: str | None) -> tuple[str, str, str] | None:
        self.asked.append((title, space))
        return (f"id-{title}", "4", self.pages[title]) if title in self.pages else None


def test_an_include_is_replaced_and_recorded() -> None:
    storage, used = expand_includes(f"<p>a</p>{include('B')}<p>c</p>", Wiki(B="<p>b&nbsp;b</p>"))
    assert parse_storage(storage).text == "a\n\nb b\n\nc"
    assert used == (Dependency("id-B", "4"),)


def test_an_excerpt_is_all_that_an_excerpt_include_takes() -> None:
    excerpt = (
        '<ac:structured-macro ac:name="excerpt"><ac:rich-text-body><p>b <ac:link ac:anchor="x"/></p>'
        '<ac:structured-macro ac:name="code"><ac:plain-text-body><![CDATA[<x> && y]]></ac:plain-text-body>'
        "</ac:structured-macro></ac:rich-text-body></ac:structured-macro>"
    )
    storage, _ = expand_includes(include("B", "excerpt-include"), Wiki(B=f"<p>no</p>{excerpt}"))
    assert parse_storage(storage).text == "b x\n\n```\n<x> && y\n```"


def test_a_page_without_excerpt_stays_a_macro() -> None:
    storage, used = expand_includes(include("B", "excerpt-include"), Wiki(B="<p>no</p>"))
    assert (parse_storage(storage).text, used) == ("[Included page: B]", ())


def test_includes_of_includes_mean_the_space_they_stand_in() -> None:
    wiki = Wiki(B=include("C"), C="<p>c</p>")
    storage, used = expand_includes(include("B", space="HR"), wiki)
    assert wiki.asked == [("B", "HR"), ("C", "HR")]
    assert parse_storage(storage).text == "c"
    assert [page.page_id for page in used] == ["id-B", "id-C"]


def test_a_circle_ends_where_it_closes() -> None:
    pages = {"A": f"<p>a</p>{include('B')}", "B": f"<p>b</p>{include('A')}"}
    storage, used = expand_includes(pages["A"], Wiki(**pages), page_id="id-A")
    assert parse_storage(storage).text == "a\n\nb\n\n[Included page: A]"
    assert [page.page_id for page in used] == ["id-B"]


def test_depth_and_number_are_limited() -> None:
    chain = {f"p{n}": f"<p>t{n}</p>{include(f'p{n + 1}')}" for n in range(20)}
    text = parse_storage(expand_includes(include("p0"), Wiki(**chain))[0]).text
    assert f"t{MAX_DEPTH - 1}" in text
    assert "t19" not in text
    wide = {f"p{n}": include(f"p{n + 1}") * 10 for n in range(4)} | {"p4": "<p>leaf</p>"}
    assert expand_includes(include("p0"), Wiki(**wide))[0].count("leaf") < 200


@pytest.mark.parametrize(
    "storage",
    [
        '<ac:structured-macro ac:name="include" ' * 50_000,
        '<ac:structured-macro ac:name="include">' * 50_000,
        "<ac:structured-macro " + 'ac:name="x" ' * 50_000,
        "<![CDATA[" * 50_000,
        "<ri:user " * 50_000,
    ],
    ids=["open-tags", "open-macros", "attributes", "cdata", "users"],
)
def test_hostile_pages_take_no_time(storage: str) -> None:
    began = time.perf_counter()
    assert expand_includes(storage, Wiki()) == (storage, ())
    assert name_users(storage, {"1": "Ann"}) == storage
    assert time.perf_counter() - began < 1


def test_a_broken_page_breaks_only_itself() -> None:
    storage, _ = expand_includes(f"<p>a</p>{include('B')}<p>c</p>", Wiki(B="<p>b</i><ac:link ac:anchor='q'/>"))
    parsed = parse_storage(storage)
    assert (parsed.text, parsed.warnings) == ("a\n\nbq\n\nc", ())


def test_code_that_shows_a_macro_or_mention_is_code() -> None:
    code = f'<![CDATA[{include("B")}<ri:user ri:userkey="1"/>]]>'
    wiki = Wiki(B="<p>b</p>")
    assert expand_includes(code, wiki) == (code, ())
    assert wiki.asked == []
    assert list(included_titles(code)) == []
    assert name_users(code, {"1": "Ann"}) == code
    assert mentioned_users(code) == frozenset()


def test_targets_and_users_are_listed() -> None:
    storage = include("R &amp; D", space="IT") + '<ac:link><ri:user ri:account-id="7:a" /></ac:link>'
    assert list(included_titles(storage)) == [("R & D", "IT")]
    assert mentioned_users(storage) == {"7:a"}
    assert "@Ann &lt;" not in parse_storage(name_users(storage, {"7:a": 'Ann "A" <b>'})).text
    assert '@Ann "A" <b>' in parse_storage(name_users(storage, {"7:a": 'Ann "A" <b>'})).text
