"""The stages between a source and the index: a raw document enters, an article cut into chunks leaves."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Literal

EVERYONE = "*"
"""The audience entry that every reader has."""

MediaType = Literal[
    "text/markdown",
    "text/html",
    "text/plain",
    "application/x-confluence-storage",
    "message/rfc822",
    "application/pdf",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "application/vnd.openxmlformats-officedocument.presentationml.presentation",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
]
Status = Literal["published", "draft", "archived", "quarantined"]
RiskClass = Literal["low", "medium", "high", "privileged", "destructive", "security"]
Priority = Literal["P1", "P2", "P3", "P4"]
BlockKind = Literal["heading", "paragraph", "step", "item", "code", "table", "quote"]


@dataclass(frozen=True, slots=True)
class RawDocument:
    """One document as its source gave it, before any parsing.

    Attributes:
        article_id: The source's own lasting name for it; never derived from content.
        source: Key of the source that listed it.
        media_type: How `content` is to be read.
        content: The bytes, untouched.
        name: What to call it in a report, usually its path.
        url: Where a person can open it, if anywhere.
        version: What the source calls this state of it (a commit, a page version).
        last_modified: When a person last edited it, by the source's own record. A file's mtime is not one.
        fields: What the source itself states about it (title, owner, labels, audience, status, valid_until and so on),
            named and written as front matter is.
        etag: The source's own mark of this state of content, fields and rights together; equal marks mean that nothing
            changed. Without one the content is compared.
        attached_to: Article id of the page that it is attached to, if it is; listed after that page.
    """

    article_id: str
    source: str
    media_type: MediaType
    content: bytes
    name: str
    url: str | None = None
    version: str | None = None
    last_modified: datetime | None = None
    fields: Mapping[str, object] = field(default_factory=dict)
    etag: str | None = None
    attached_to: str | None = None


@dataclass(frozen=True, slots=True)
class Unchanged:
    """A document that its source still lists and did not fetch: its etag says that nothing changed."""

    article_id: str


@dataclass(frozen=True, slots=True)
class Rejected:
    """A document that its source listed but did not hand over, and why.

    Attributes:
        article_id: Its id. One that ends with a slash and `failed` stands for all below it: none of them has vanished.
        outcome: Whether it was left out or went wrong.
        reason: Why, for a report.
        audience: Who may read it now, where the source knows that much: what is indexed of it is kept for them alone.
    """

    article_id: str
    outcome: Literal["skipped", "failed"]
    reason: str
    audience: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class Block:
    """One paragraph, step, code block or the like: the span `[start, end)` of an article's text.

    Blocks are in reading order and do not overlap. A step or item holds everything nested in it. The span of a
    heading, step or item leaves its marker (`## `, `1. `, `- `) out; code keeps its fences.

    Attributes:
        kind: What it is. A `step` is an item of an ordered list, an `item` one of an unordered list.
        start: First character in the article's text.
        end: One past the last character.
        section: Headings above it, outermost first; of a heading, its own text included.
        number: The step's number as the author wrote it.
        level: The heading's level, 1 to 6.
    """

    kind: BlockKind
    start: int
    end: int
    section: tuple[str, ...] = ()
    number: int | None = None
    level: int | None = None


@dataclass(frozen=True, slots=True)
class Interval:
    """A review interval in calendar terms: "6 months" is not 180 days."""

    months: int = 0
    days: int = 0


@dataclass(frozen=True, slots=True)
class ReviewDates:
    """What an article and its source say about its currency, before any judgement.

    Attributes:
        last_reviewed_on: The day a person last confirmed it.
        review_in: How long that confirmation holds.
        valid_until: The last day it may be used.
        last_modified: When a person last edited it, by the source's own record.
        malformed: Each date statement that could not be read, as `field: value`.
    """

    last_reviewed_on: date | None = None
    review_in: Interval | None = None
    valid_until: date | None = None
    last_modified: datetime | None = None
    malformed: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ArticleMetadata:
    """What is known of an article besides its text.

    Attributes:
        owner: The team or person who answers for it.
        status: Where it is in its life; only `published` may lead to an action.
        superseded_by: Id of the article that replaces it.
        labels: Labels as the source gives them.
        audience: Groups and users who may read it; `EVERYONE` for all, empty for nobody.
        symptoms: Phrases in which users report what it solves.
        category: Subject area.
        team: Team that handles it.
        priority: Priority of tickets it matches.
        risk: How much harm acting on it wrongly does; `None` where nobody said.
        requires_identity: Whether the requester's identity must be verified first.
        dates: What it says about its currency.
        attached_to: Id of the page's article, of a file that is attached to a page.
    """

    owner: str | None = None
    status: Status = "published"
    superseded_by: str | None = None
    labels: tuple[str, ...] = ()
    audience: tuple[str, ...] = (EVERYONE,)
    symptoms: tuple[str, ...] = ()
    category: str | None = None
    team: str | None = None
    priority: Priority | None = None
    risk: RiskClass | None = None
    requires_identity: bool = False
    dates: ReviewDates = ReviewDates()
    attached_to: str | None = None


Severity = Literal["warning", "quarantine"]
FindingCode = Literal[
    "no-owner",
    "no-review-date",
    "no-steps",
    "instruction",
    "suspicious-instruction",
    "hidden-data",
    "hidden-text",
    "invisible-characters",
    "secret",
    "near-duplicate",
    "contradiction",
]


@dataclass(frozen=True, slots=True)
class Finding:
    """Something wrong with an article, found when it was read.

    Attributes:
        code: What kind of thing.
        severity: Whether to say so, or to keep the article from being found until somebody releases it.
        detail: What it is, for a person; never a secret itself.
        line: The line of the original it is in, where the original has lines.
        mark: Digest of what was found, so that a release covers just that.
    """

    code: FindingCode
    severity: Severity
    detail: str
    line: int | None = None
    mark: str = ""

    def __str__(self) -> str:
        """Say it in one line."""
        return self.detail if self.line is None else f"{self.detail} (line {self.line})"


@dataclass(frozen=True, slots=True)
class Article:
    """A document turned into normalised text with its structure and metadata.

    Attributes:
        article_id: The source's lasting name for it.
        source: Key of the source.
        title: Its title.
        text: Normalised, Markdown-like text with code byte-exact; every span refers to it.
        blocks: Its structure, in reading order.
        metadata: What is known besides the text.
        revision: `sha256:…` over the text and what else the index embeds.
        url: Where a person can open it.
        version: What the source calls this state of it.
        warnings: What was odd about it, each for one report line.
        stated: Of an attachment, what it states itself; its `metadata` is that joined with its page's.
        findings: What the checks at the door found.
    """

    article_id: str
    source: str
    title: str
    text: str
    blocks: tuple[Block, ...]
    metadata: ArticleMetadata
    revision: str
    url: str | None = None
    version: str | None = None
    warnings: tuple[str, ...] = ()
    stated: ArticleMetadata | None = None
    findings: tuple[Finding, ...] = ()


@dataclass(frozen=True, slots=True)
class Chunk:
    """A span of an article, sized for one embedding.

    Attributes:
        article_id: The article it is cut from.
        revision: The article's revision.
        ordinal: Its place in the article, from 0.
        start: First character in the article's text.
        end: One past the last character; `text == article.text[start:end]`.
        text: The span itself.
        section: Headings above its first block.
        embed_text: What is embedded: title, section path and the span.
    """

    article_id: str
    revision: str
    ordinal: int
    start: int
    end: int
    text: str
    section: tuple[str, ...]
    embed_text: str
