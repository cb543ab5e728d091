"""An article and what it was read from enter, the passages that the checks look at leave."""

import hashlib
import html
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from ingest.models import Article, Finding, FindingCode, Severity

_REFERENCE = re.compile(r"&(?:#[0-9]{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});")
_COMMENT = re.compile(r"<!--(.*?)(?:-->|\Z)", re.DOTALL)
_TAG = re.compile(r"<([A-Za-z][A-Za-z0-9]{0,20})(\s[^<>]{0,1000})>")
_ANY_TAG = re.compile(r"<[^<>]{0,1000}>")
_HIDING = re.compile(
    r"(?:^|\s)hidden(?=[\s=/]|$)"
    r"|display\s?:\s?none|visibility\s?:\s?hidden|(?:font-size|opacity)\s?:\s?0(?![.\d]*[1-9])",
    re.IGNORECASE,
)
COMMENT = "a comment"
"""What hides a passage that only the page's source has."""

_MAX_HIDDEN_CHARS = 20_000


@dataclass(frozen=True, slots=True)
class Passage:
    """A piece of an article, as it was written.

    Attributes:
        text: What it says, invisible characters included, character references read.
        line: The line of the original that it begins in, from 1; `None` where that is not known.
        hidden: What hides it from a reader; empty where nothing does.
    """

    text: str
    line: int | None = None
    hidden: str = ""

    def line_of(self, offset: int) -> int | None:
        """Say which line of the original a character of `text` is in."""
        return None if self.line is None else self.line + self.text.count("\n", 0, offset)


@dataclass(frozen=True)
class Original:
    """What the checks look at: the article's own text, and what it was made from.

    Markup may cut a sentence into pieces that only the article's text puts together, and only what it was made from
    has the comments and the characters that no reader sees.

    Attributes:
        article: The article.
        source: What it was made from, decoded.
        has_lines: Whether `source` has the lines that its author sees.
    """

    article: Article
    source: str
    has_lines: bool

    @cached_property
    def whole(self) -> Passage:
        """What the article was made from."""
        return Passage(_unescaped(self.source), 1 if self.has_lines else None)

    @cached_property
    def read(self) -> Passage:
        """What the article says, title and symptoms first."""
        return Passage("\n".join((self.article.title, *self.article.metadata.symptoms, self.article.text)))

    @cached_property
    def hidden(self) -> tuple[Passage, ...]:
        """Comments, and the text of elements that are styled not to be seen."""
        return tuple(self._hidden()) if "<" in self.source else ()

    def _hidden(self) -> Iterator[Passage]:
        line = at = 0
        for comment in _COMMENT.finditer(self.source):
            line, at = line + self.source.count("\n", at, comment.start()), comment.start()
            yield self._hidden_passage(comment[1], line, COMMENT)
        line = at = 0
        after = 0
        while tag := _TAG.search(self.source, after):
            after = tag.end()
            if _HIDING.search(tag[2]):
                line, at = line + self.source.count("\n", at, tag.start()), tag.start()
                closing = re.compile(rf"</{tag[1]}\s?>", re.IGNORECASE)
                closed = closing.search(self.source, after, after + _MAX_HIDDEN_CHARS)
                inside = self.source[after : closed.start() if closed else after + _MAX_HIDDEN_CHARS]
                after += len(inside)
                words = _ANY_TAG.sub(" ", inside)
                if words.strip():
                    yield self._hidden_passage(words, line, f"<{tag[1].lower()}> that is not shown")

    def _hidden_passage(self, text: str, lines_before: int, hidden: str) -> Passage:
        return Passage(_unescaped(text), lines_before + 1 if self.has_lines else None, hidden)


def finding(code: FindingCode, severity: Severity, detail: str, evidence: str = "", line: int | None = None) -> Finding:
    """Make a finding that is known again by its evidence."""
    digest = hashlib.sha256(f"{code}\0{evidence}".encode(errors="surrogatepass")).hexdigest()
    return Finding(code, severity, detail, line, digest[:32])


def _unescaped(text: str) -> str:
    """Read character references as a browser does, but for line breaks: a text keeps its lines."""
    if "&" not in text:
        return text
    return _REFERENCE.sub(lambda match: html.unescape(match[0]).replace("\n", " "), text)
