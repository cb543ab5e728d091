from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.chunk import MIN_MAX_TOKENS, Chunker
from ingest.errors import ParseError
from ingest.models import Article, Chunk, MediaType, RawDocument
from ingest.read import read


def words(text: str) -> int:
    return len(text.split())


def pieces(text: str) -> int:
    """Count like a subword tokenizer: words in runs of four characters."""
    return sum((len(word) + 3) // 4 for word in text.split())


def assert_covers(article: Article, chunks: tuple[Chunk, ...], count: Callable[[str], int], max_tokens: int) -> None:
    position = 0
    for ordinal, chunk in enumerate(chunks):
        assert chunk.ordinal == ordinal
        assert article.text[chunk.start : chunk.end] == chunk.text
        assert not article.text[position : chunk.start].strip()
        assert count(chunk.embed_text) <= max_tokens - 2
        position = chunk.end
    assert not article.text[position:].strip()


def cut(article: Article, max_tokens: int = 256) -> list[str]:
    return [chunk.text for chunk in Chunker(max_tokens, words).chunk(article)]


MARKDOWN = st.lists(
    st.sampled_from(
        [
            "# Top",
            "## Fix",
            "### Deep " + "heading " * 30,
            "#### " + "x" * 900,
            "A sentence of words. Another one, shorter!",
            "word " * 300,
            "https://" + "long" * 300,
            "1. step\n2. step two\n\n   ```sh\n   rm -r `x`\n   ```\n3. end",
            "- a\n  - b\n    - c",
            "> quoted\n> text",
            "```python\nfor x in y:\n\n    pass  \n```",
            "```\n" + "line of code here\n" * 120 + "```",
            "| a | b |\n|---|---|\n" + "| cell one | cell two |\n" * 60,
            "<details><summary>More</summary>\n\nbody\n\n</details>",
            "é\u200b💡 漢字" * 40,
        ]
    ),
    min_size=1,
    max_size=12,
).map("\n\n".join)

HTML_PARTS = """
<p>A sentence. | <h2>Fix</h2> | <ol><li>one<li>two | </ol> | <pre>
  code
 | </pre> | <b>bold | </b> | <br> | &lt;x&gt;
| <table><tr><td>a<td>b | </table> | <blockquote> | </blockquote> | <ul><li> | <code>x  y</code> | <dl><dt>t<dd>d
""".strip().split(" | ")
HTML = st.lists(st.sampled_from([*HTML_PARTS, "word " * 200]), min_size=1, max_size=15).map("".join)

NOISE = st.text(alphabet=st.sampled_from(list("ab .\n#-*>`|1<>[]()&;:~=_\t{}%!\\\u00e9\u200b\u2028")), max_size=300)


@settings(max_examples=60, deadline=None)
@given(
    st.one_of(
        st.tuples(st.just("text/markdown"), MARKDOWN | NOISE),
        st.tuples(st.just("text/html"), HTML | NOISE),
        st.tuples(st.just("text/plain"), MARKDOWN | NOISE | st.text(max_size=300)),
    ),
    st.sampled_from([64, 256]),
)
def test_chunks_cover_every_character_once_within_budget(document: tuple[MediaType, str], max_tokens: int) -> None:
    media_type, source = document
    try:
        article = read(RawDocument("x", "folder:/kb", media_type, source.encode(), "x-y.md"))
    except ParseError:
        return
    for before, after in zip(article.blocks, article.blocks[1:], strict=False):
        assert 0 <= before.start < before.end <= after.start < after.end <= len(article.text)
    assert_covers(article, Chunker(max_tokens, pieces).chunk(article), pieces, max_tokens)


@settings(max_examples=60, deadline=None)
@given(st.text(alphabet="ab `\\<&>\t\u00e9\u200b#-1.", min_size=1, max_size=40).filter(str.strip))
def test_code_bytes_survive_parsing(code: str) -> None:
    source = f"1. Run\n\n   `````\n   {code}\n   `````\n"
    if "`````" in code:
        return
    article = read(RawDocument("x", "folder:/kb", "text/markdown", source.encode(), "x.md"))
    assert f"\n{code}\n" in article.text


def test_chunks_follow_headings(article_of: Callable[..., Article]) -> None:
    body = "word " * 50
    article = article_of(f"# T\n\n{body}\n\n## A\n\n{body}\n\n### A1\n\n{body}\n\n## B\n\n{body}")
    chunks = Chunker(256, words).chunk(article)
    assert [chunk.section for chunk in chunks] == [(), ("A",), ("B",)]
    assert chunks[1].text.startswith("## A\n")
    assert "### A1" in chunks[1].text


def test_a_tiny_section_joins_its_neighbour_but_never_a_higher_one(article_of: Callable[..., Article]) -> None:
    body = "word " * 60
    article = article_of(
        f"# T\n\n## A\n\nTiny.\n\n## B\n\n{body}\n\n### B1\n\n{body} {body} {body}\n\n## C\n\nTiny too."
    )
    assert [chunk.section for chunk in Chunker(256, words).chunk(article)] == [("A",), ("B", "B1"), ("C",)]


def test_steps_of_one_list_stay_together_with_their_code(article_of: Callable[..., Article]) -> None:
    steps = "\n".join(f"{number}. Do this and that\n\n   ```\n   run {number}\n   ```" for number in range(1, 9))
    article = article_of(f"# T\n\n{'word ' * 190}\n\nDo this:\n\n{steps}")
    _, second = cut(article)
    assert second.startswith("Do this:\n\n1. ")
    assert second.endswith("run 8\n```")


def test_a_list_too_long_for_a_chunk_is_cut_between_steps(article_of: Callable[..., Article]) -> None:
    article = article_of("\n".join(f"{number}. {'word ' * 60}" for number in range(1, 9)))
    found = cut(article)
    assert len(found) == 4
    assert all(text[0].isdigit() for text in found)


def test_code_too_long_for_a_chunk_is_cut_between_lines(article_of: Callable[..., Article]) -> None:
    article = article_of("```\n" + "".join(f"run the command {number}\n" for number in range(200)) + "```")
    for text in cut(article)[1:]:
        assert text.startswith(("run the command ", "```"))


def test_what_is_embedded_names_title_section_and_symptoms(article_of: Callable[..., Article]) -> None:
    body = "word " * 200
    article = article_of(
        f"---\ntitle: VPN\nsymptoms: [drops, no connection]\n---\nIntro\n\n## Fix\n\n### Mac\n\n{body}\n\n{body}"
    )
    chunks = Chunker(256, words).chunk(article)
    assert chunks[0].embed_text.startswith("VPN\ndrops; no connection\nIntro\n\n## Fix")
    assert "drops" not in chunks[1].embed_text


def test_a_section_path_stands_above_a_chunk_within_it(article_of: Callable[..., Article]) -> None:
    article = article_of(f"# VPN\n\n## Fix\n\n### Mac\n\n{'word ' * 200}\n\n{'more ' * 200}")
    assert Chunker(256, words).chunk(article)[-1].embed_text.startswith("VPN > Fix > Mac\nmore")


def test_long_titles_and_symptoms_leave_room_for_the_text(article_of: Callable[..., Article]) -> None:
    symptoms = ", ".join(f"symptom number {number}" for number in range(99))
    article = article_of(f"---\ntitle: {'long ' * 50} end\nsymptoms: {symptoms}\n---\n{'word ' * 400}")
    chunks = Chunker(64, words).chunk(article)
    assert_covers(article, chunks, words, 64)
    assert " end\nsymptom number 0" in chunks[0].embed_text


def test_text_without_any_place_to_cut_is_cut_anyway(article_of: Callable[..., Article]) -> None:
    article = article_of("x" * 5000)
    chunks = Chunker(64, len_by_two).chunk(article)
    assert_covers(article, chunks, len_by_two, 64)


def len_by_two(text: str) -> int:
    return (len(text) + 1) // 2


def test_a_model_that_reads_too_little_is_refused() -> None:
    with pytest.raises(ValueError, match="expected at least 64"):
        Chunker(MIN_MAX_TOKENS - 1, words)


def test_each_text_is_counted_once(article_of: Callable[..., Article]) -> None:
    counted: list[str] = []

    def count(text: str) -> int:
        counted.append(text)
        return words(text)

    Chunker(256, count).chunk(article_of("# T\n\nOne.\n\n## A\n\nTwo.\n\n1. a\n2. b"))
    assert len(counted) == len(set(counted))
