"""From an article's blocks to the quotes a decision needs: its own steps, or the passage that matched."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from agent.decide.readers import Reader, written_for
from agent.models import Quote
from index.models import Evidence, Revision
from ingest.models import Block

MAX_PASSAGE_CHARS = 400
"""A passage for review is a pointer into the article, not the article."""

_RESOLUTION = re.compile(
    r"\b(?:resolution|resolv\w*|solution|fix(?:es|ing)?|mitigat\w+|remed\w+|repair|recover\w*|workaround|procedure"
    r"|instructions?|steps?|what to do|what you (?:can )?do|how (?:do i|to)|how you|do this|action(?:s)?|guide"
    r"|getting it|set(?:ting)? (?:it )?up|try this)\b",
    re.IGNORECASE,
)
_NOT_FOR_ACTION = re.compile(
    r"\b(?:symptoms?|causes?|background|impact|meaning|escalat\w+|contacts?|related|see also|overview|check(?:s|ing)?"
    r"|diagnos\w+|investigat\w+|verif\w+|prerequisites?|before you|notes?|history|scope|purpose|references?|who|why"
    r"|if (?:it|this|that) (?:still )?(?:doesn.?t|does not|fails)|still (?:stuck|not|broken))\b",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class _Passage:
    """Consecutive blocks under one heading, the heading left out."""

    section: tuple[str, ...]
    blocks: tuple[Block, ...]

    def of_kind(self, kind: str) -> tuple[Block, ...]:
        return tuple(block for block in self.blocks if block.kind == kind)


def find_steps(revision: Revision, evidence: Sequence[Evidence], reader: Reader = "user") -> tuple[Quote, ...]:
    """Find what an article tells its reader to do.

    The section is chosen by its heading ("Resolution", "What to do"), then by whether it has ordered steps, then by
    how well the ticket matched it. A section headed as symptoms, causes, checks or escalation is never chosen while
    another has steps. What is written for those who run the service desk is never chosen for a user.

    Args:
        revision: The article's text and blocks.
        evidence: The chunks that matched, best first.
        reader: Who is going to follow them.

    Returns:
        Its steps in order, verbatim; the matching passage where it has no steps; empty if there is nothing to quote.
    """
    passages = [
        passage
        for passage in _passages(revision.blocks)
        if reader == "technician" or not _is_for_technicians(passage, revision.text)
    ]
    if not passages:
        return ()
    best = max(passages, key=lambda passage: _suitability(passage, evidence))
    if steps := best.of_kind("step"):
        spans = _with_what_follows(best.blocks, steps)
    elif (items := best.of_kind("item")) and _heading_fits(best):
        spans = _with_what_follows(best.blocks, items)
    else:
        spans = [(block.start, block.end) for block in _readable(best, evidence)]
    return tuple(_quote(revision, start, end, best.section) for start, end in spans)


def find_passage(revision: Revision, evidence: Evidence) -> Quote | None:
    """Find the block of a matching chunk that a person should look at first.

    Args:
        revision: The article's text and blocks.
        evidence: The matching chunk.

    Returns:
        A verbatim span of at most `MAX_PASSAGE_CHARS` characters, cut at a sentence where it must be cut.
    """
    inside = [b for b in revision.blocks if b.start < evidence.end and b.end > evidence.start and b.end > b.start]
    bodies = [block for block in inside if block.kind != "heading"] or inside
    if not bodies:
        return None
    block = bodies[0]
    end = _sentence_end(revision.text, block.start, block.end)
    return _quote(revision, block.start, end, block.section)


def _passages(blocks: Iterable[Block]) -> list[_Passage]:
    passages: list[tuple[tuple[str, ...], list[Block]]] = []
    for block in blocks:
        if not passages or passages[-1][0] != block.section:
            passages.append((block.section, []))
        if block.kind != "heading" and block.end > block.start:
            passages[-1][1].append(block)
    return [_Passage(section, tuple(body)) for section, body in passages if body]


def _suitability(passage: _Passage, evidence: Sequence[Evidence]) -> tuple[int, int, int, float]:
    """Rank a passage: heading first, then form, then how well the ticket matched it."""
    leaf = passage.section[-1] if passage.section else ""
    unfit = bool(_NOT_FOR_ACTION.search(leaf)) and not _RESOLUTION.search(leaf)
    form = 2 if passage.of_kind("step") else 1 if passage.of_kind("item") else 0
    return (0 if unfit else 1, 1 if _heading_fits(passage) else 0, form, _match_strength(passage, evidence))


def _is_for_technicians(passage: _Passage, text: str) -> bool:
    steps = passage.of_kind("step") or passage.of_kind("item")
    return written_for(passage.section, [text[step.start : step.end] for step in steps]) == "technician"


def _heading_fits(passage: _Passage) -> bool:
    return any(_RESOLUTION.search(heading) for heading in passage.section)


def _match_strength(passage: _Passage, evidence: Sequence[Evidence]) -> float:
    start, end = passage.blocks[0].start, passage.blocks[-1].end
    return max((e.similarity for e in evidence if e.start < end and e.end > start), default=-1.0)


def _readable(passage: _Passage, evidence: Sequence[Evidence]) -> tuple[Block, ...]:
    """Return the blocks the ticket matched, or all of them where the match lies elsewhere."""
    met = tuple(b for b in passage.blocks if any(b.start < e.end and b.end > e.start for e in evidence[:1]))
    return met or passage.blocks


def _with_what_follows(blocks: Sequence[Block], steps: Sequence[Block]) -> list[tuple[int, int]]:
    """Let each step take in the code and notes that stand between it and the next one.

    Authors often forget to indent the command that belongs to a step; a step without it would be a different step.
    """
    spans: list[tuple[int, int]] = []
    chosen = {id(step) for step in steps}
    last_step = steps[-1]
    for block in blocks:
        if id(block) in chosen:
            spans.append((block.start, block.end))
        elif spans and (block.start < last_step.start or block.kind == "code"):
            spans[-1] = (spans[-1][0], block.end)
        elif spans:
            # Code further down, behind a paragraph of its own, belongs to that.
            break
    return spans


def _sentence_end(text: str, start: int, end: int) -> int:
    if end - start <= MAX_PASSAGE_CHARS:
        return end
    window = text[start : start + MAX_PASSAGE_CHARS]
    cut = max(window.rfind(". ") + 1, window.rfind("\n"))
    if cut <= 0:
        cut = max(window.rfind(" "), 1)
    return start + len(window[:cut].rstrip())


def _quote(revision: Revision, start: int, end: int, section: tuple[str, ...]) -> Quote:
    return Quote(revision.article_id, revision.revision, start, end, revision.text[start:end], section)
