"""An article enters, chunks sized for one embedding leave; LlamaIndex splits what is too long. Writes nothing."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

from ingest.models import Article, Block, Chunk

if TYPE_CHECKING:
    from llama_index.core.node_parser import SentenceSplitter

TARGET_TOKENS = 180
"""About 130 words; lists may run over it.

Measured with all-MiniLM-L6-v2, hit@1 of dense retrieval alone on prom_runbooks / govuk_alerts: 240 tokens 0.79 / 0.52,
180 tokens 0.86 / 0.54, 140 tokens 0.85 / 0.55, 100 tokens 0.85 / 0.57; of the fused ranking 0.91 / 0.64, 0.94 / 0.64,
0.90 / 0.63, 0.92 / 0.63.
"""

TINY_TOKENS = 40
"""A section this short says too little alone and joins a neighbour."""

SPECIAL_TOKENS = 2
"""What a model adds around a passage."""

MAX_SYMPTOM_TOKENS = 48
MIN_MAX_TOKENS = 64

_SPLIT_STEP = 8


@dataclass(frozen=True, slots=True)
class _Piece:
    """A block with its marker, or a part of one, and its cost."""

    start: int
    end: int
    tokens: int
    block: Block


@dataclass(frozen=True, slots=True)
class _Budget:
    """Room for an article's own text within one chunk, after title and section path."""

    target: int
    limit: int


class Chunker:
    """Cuts articles along their structure.

    A chunk stays within its section, keeps the steps of one list together and code with what introduces it, as far as
    that fits. Each piece of text is counted once. The sum of the pieces bounds the whole for every tokenizer for
    which joining two texts at whitespace adds at most one token.

    Attributes:
        max_tokens: What the embedding model reads at most.
    """

    def __init__(self, max_tokens: int, count_tokens: Callable[[str], int]) -> None:
        if max_tokens < MIN_MAX_TOKENS:
            raise ValueError(f"max_tokens is {max_tokens!r}, expected at least {MIN_MAX_TOKENS}; choose a larger model")
        self.max_tokens = max_tokens
        self._budget = max_tokens - SPECIAL_TOKENS
        self._count = count_tokens
        self._splitters: dict[int, SentenceSplitter] = {}

    def chunk(self, article: Article) -> tuple[Chunk, ...]:
        """Cut an article.

        Args:
            article: The article; its text is covered by the chunks entirely, but for whitespace between them.

        Returns:
            Its chunks in reading order.
        """
        cutter = _Cutter(article, self)
        spans = cutter.spans()
        return tuple(self._chunk(article, ordinal, span, cutter) for ordinal, span in enumerate(spans))

    def cost(self, text: str) -> int:
        """Count the tokens of a text, and one for joining it to another."""
        return self._count(text) + 1

    @property
    def budget(self) -> int:
        """Tokens that one embedded text may have."""
        return self._budget

    def split(self, text: str, limit: int) -> list[tuple[int, int]]:
        """Split a text that is too long for one chunk, by lines, then sentences, then words.

        Args:
            text: The text.
            limit: Tokens that a part may have.

        Returns:
            Spans of the text in order; only whitespace lies between them.
        """
        size = max(_SPLIT_STEP, limit // _SPLIT_STEP * _SPLIT_STEP - 1)
        try:
            parts = self._splitter(size).split_text(text)
        except ValueError:
            # LlamaIndex refuses a single character that is more tokens than a whole chunk may have.
            parts = [text]
        spans: list[tuple[int, int]] = []
        position = 0
        for part in parts:
            start = text.index(part, position)
            position = start + len(part)
            spans += self._halve(text, start, position, limit)
        return spans

    def _halve(self, text: str, start: int, end: int, limit: int) -> Iterator[tuple[int, int]]:
        """Cut a span in halves until each fits: joined sentences can be more tokens than their sum."""
        if end - start <= 1 or self.cost(text[start:end]) <= limit:
            yield start, end
            return
        middle = (start + end) // 2
        yield from self._halve(text, start, middle, limit)
        yield from self._halve(text, middle, end, limit)

    def _splitter(self, size: int) -> "SentenceSplitter":
        if size not in self._splitters:
            from llama_index.core.node_parser import SentenceSplitter  # noqa: PLC0415 - a second's import, rarely needed

            self._splitters[size] = SentenceSplitter(
                chunk_size=size,
                chunk_overlap=0,
                # Only the number of tokens is asked for.
                tokenizer=lambda text: range(self._count(text)),
                paragraph_separator="\n",
            )
        return self._splitters[size]

    def _chunk(self, article: Article, ordinal: int, span: Sequence[_Piece], cutter: "_Cutter") -> Chunk:
        start, end = span[0].start, span[-1].end
        text = article.text[start:end]
        lines = [cutter.header(span[0].block), cutter.symptoms if ordinal == 0 else "", text]
        return Chunk(
            article.article_id,
            article.revision,
            ordinal,
            start,
            end,
            text,
            span[0].block.section,
            "\n".join(line for line in lines if line),
        )


class _Cutter:
    """Cuts one article: blocks to pieces, pieces to groups that belong together, groups to chunks."""

    def __init__(self, article: Article, chunker: Chunker) -> None:
        self._article = article
        self._chunker = chunker
        self._headers: dict[tuple[str, ...], tuple[str, int]] = {}
        self._done: list[list[_Piece]] = []
        self._open: list[_Piece] = []

    def spans(self) -> list[list[_Piece]]:
        """Return the pieces of each chunk."""
        for section in self._sections():
            if self._open and not self._may_join(section):
                self._close()
            for group in _groups(section):
                self._add(group)
        self._close()
        return self._done

    def header(self, block: Block) -> str:
        """Return what stands above a chunk that begins with this block: title and section path."""
        return self._header(block)[0]

    @cached_property
    def symptoms(self) -> str:
        """As many of the article's symptoms as the first chunk has room for."""
        room = min(MAX_SYMPTOM_TOKENS, self._chunker.budget // 5)
        kept: list[str] = []
        for phrase in self._article.metadata.symptoms:
            room -= self._chunker.cost(phrase)
            if room < 0:
                break
            kept.append(phrase)
        return "; ".join(kept)

    def _header(self, block: Block) -> tuple[str, int]:
        # A heading that begins a chunk stands in its text already.
        path = block.section[:-1] if block.kind == "heading" else block.section
        if path not in self._headers:
            self._headers[path] = self._shorten(" > ".join((self._article.title, *path)))
        return self._headers[path]

    def _shorten(self, header: str) -> tuple[str, int]:
        """Cut a header from the left to a quarter of the budget: its end is what is most particular."""
        room = self._chunker.budget // 4
        tokens = self._chunker.cost(header)
        while tokens > room and header:
            keep = max(1, len(header) * room // tokens)
            shorter = header[-keep:] if keep < len(header) else header[1:]
            header = shorter.split(" ", 1)[-1]
            tokens = self._chunker.cost(header)
        return header, tokens

    def _room(self, first: Block) -> _Budget:
        """Return the room in a chunk that begins with a block."""
        taken = self._header(first)[1]
        if not self._done:
            taken += self._symptom_tokens
        limit = self._chunker.budget - taken
        return _Budget(min(TARGET_TOKENS - taken, limit), limit)

    @cached_property
    def _symptom_tokens(self) -> int:
        return self._chunker.cost(self.symptoms) if self.symptoms else 0

    def _sections(self) -> Iterator[list[_Piece]]:
        section: list[_Piece] = []
        for piece in self._pieces():
            if piece.block.kind == "heading" and section:
                yield section
                section = []
            section.append(piece)
        if section:
            yield section

    def _pieces(self) -> Iterator[_Piece]:
        text = self._article.text
        position = 0
        for block in self._article.blocks:
            # From the start of the line, so that the marker belongs to its block.
            start = max(position, text.rfind("\n", 0, block.start) + 1)
            yield _Piece(start, block.end, self._chunker.cost(text[start : block.end]), block)
            position = block.end

    def _may_join(self, section: list[_Piece]) -> bool:
        """Decide whether a section may go on in the open chunk."""
        first, head = self._open[0].block, section[0].block
        open_tokens, tokens = _total(self._open), _total(section)
        if open_tokens + tokens > self._room(first).target:
            return False
        top = first.level or 1 + len(first.section)
        level = head.level or top
        if first.kind != "heading" or level > top:
            # Below the open section, or after an introduction that has no heading: one is part of the other.
            return first.kind == "heading" or min(open_tokens, tokens) < TINY_TOKENS
        siblings = level == top and head.section[:-1] == first.section[:-1]
        return siblings and min(open_tokens, tokens) < TINY_TOKENS

    def _add(self, group: list[_Piece]) -> None:
        """Put a group into the open chunk, into one of its own, or take it apart."""
        room = self._room(self._open[0].block if self._open else group[0].block)
        held, tokens = _total(self._open), _total(group)
        headings_only = all(piece.block.kind == "heading" for piece in self._open)
        if held + tokens <= (room.limit if headings_only or held < TINY_TOKENS else room.target):
            self._open += group
        elif not headings_only and tokens <= self._room(group[0].block).limit:
            self._close()
            self._open = list(group)
        elif len(group) > 1:
            for part in _take_apart(group):
                self._add(part)
        elif not headings_only:
            self._close()
            self._add(group)
        else:
            self._add_split(group[0])

    def _add_split(self, piece: _Piece) -> None:
        """Split a piece that no chunk can hold; headings that lead to it stay with its first part."""
        if self._open and _total(self._open) > self._room(self._open[0].block).target // 2:
            self._close()
        # The first part may stand below headings and the others below a longer path: each must fit either way.
        room = min(self._room(held.block).target for held in (*self._open[:1], piece))
        for part in self._split_piece(piece, room - _total(self._open)):
            if any(held.block is piece.block for held in self._open):
                self._close()
            self._open.append(part)

    def _split_piece(self, piece: _Piece, limit: int) -> Iterator[_Piece]:
        text = self._article.text[piece.start : piece.end]
        for start, end in self._chunker.split(text, max(limit, 1)):
            begin, finish = piece.start + start, piece.start + end
            yield replace(piece, start=begin, end=finish, tokens=self._chunker.cost(text[start:end]))

    def _close(self) -> None:
        if self._open:
            self._done.append(self._open)
        self._open = []


def _groups(section: list[_Piece]) -> Iterator[list[_Piece]]:
    """Group what belongs together: a list with the paragraph that leads to it, code with its text."""
    group: list[_Piece] = []
    for piece in section:
        if group and not _belongs(piece.block, group[-1].block):
            yield group
            group = []
        group.append(piece)
    if group:
        yield group


def _belongs(block: Block, before: Block) -> bool:
    if before.kind == "heading":
        return False
    if block.kind == "code":
        return True
    if block.kind in ("step", "item"):
        return before.kind in ("step", "item", "paragraph", "code")
    return block.kind == "table" and before.kind == "paragraph"


def _take_apart(group: list[_Piece]) -> Iterator[list[_Piece]]:
    """Undo a group as gently as its pieces allow: code stays with the one before it."""
    pairs: list[list[_Piece]] = []
    for piece in group:
        if pairs and piece.block.kind == "code" and len(pairs[-1]) < len(group) - 1:
            pairs[-1].append(piece)
        else:
            pairs.append([piece])
    if len(pairs) == 1:
        pairs = [[piece] for piece in group]
    yield from pairs


def _total(pieces: Sequence[_Piece]) -> int:
    return sum(piece.tokens for piece in pieces)
