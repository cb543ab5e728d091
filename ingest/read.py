"""A raw document enters, an article leaves."""

import hashlib
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import PurePosixPath

from ingest.errors import ParseError
from ingest.lint.check import LINT_VERSION, checked
from ingest.metadata import combine, read_metadata
from ingest.models import Article, Block, MediaType, RawDocument
from ingest.parse.confluence_storage import parse_storage
from ingest.parse.decode import decode
from ingest.parse.document import Parsed
from ingest.parse.email import parse_email
from ingest.parse.html import parse_html
from ingest.parse.inline import clean_line
from ingest.parse.markdown import parse_markdown
from ingest.parse.office import parse_document, parse_slides, parse_workbook
from ingest.parse.pdf import parse_pdf
from ingest.parse.text import parse_text

PARSER_VERSION = 4
"""Raise it when the same bytes would give another article: everything is then parsed again."""

CHUNKING_VERSION = 1
"""Raise it when the same article would give other chunks: everything is then embedded again."""

MAX_TITLE_CHARS = 300

_PARSERS: Mapping[MediaType, Callable[[str], Parsed]] = {
    "text/markdown": parse_markdown,
    "text/html": parse_html,
    "text/plain": parse_text,
    "application/x-confluence-storage": parse_storage,
}
_BINARY_PARSERS: Mapping[MediaType, Callable[[bytes], Parsed]] = {
    "message/rfc822": parse_email,
    "application/pdf": parse_pdf,
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document": parse_document,
    "application/vnd.openxmlformats-officedocument.presentationml.presentation": parse_slides,
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": parse_workbook,
}
_SLUG = re.compile(r"[a-z0-9]+(?:[-_ ][a-z0-9]+)*")


def read(raw: RawDocument) -> Article:
    """Turn a raw document into an article.

    Args:
        raw: The document as its source gave it.

    Returns:
        The article: normalised text, structure, metadata, warnings about what was odd, and what the checks found.

    Raises:
        ParseError: Its bytes are not of its kind, or there is nothing to read in them.
    """
    parsed = _parse(raw)
    if not parsed.text.strip():
        raise ParseError(f"{raw.name!r} has no text; write some, or leave it out of the source")
    reading = read_metadata(parsed.fields)
    stated = read_metadata(raw.fields)
    metadata = combine(reading.metadata, stated.metadata)
    title = (reading.title or stated.title or parsed.title or humanise(raw.name))[:MAX_TITLE_CHARS].strip()
    malformed = parsed.malformed + metadata.dates.malformed
    dates = replace(metadata.dates, last_modified=raw.last_modified, malformed=malformed)
    article = Article(
        article_id=raw.article_id,
        source=raw.source,
        title=title,
        text=parsed.text,
        blocks=parsed.blocks,
        metadata=replace(metadata, dates=dates, attached_to=raw.attached_to),
        revision=_revision(title, parsed.text, parsed.blocks, metadata.symptoms),
        url=raw.url,
        version=raw.version,
        warnings=parsed.warnings + reading.warnings + stated.warnings,
    )
    return checked(article, parsed.original, has_lines=raw.media_type in _PARSERS)


def _parse(raw: RawDocument) -> Parsed:
    if raw.media_type in _BINARY_PARSERS:
        return _BINARY_PARSERS[raw.media_type](raw.content)
    source, warnings = decode(raw.content)
    parsed = _PARSERS[raw.media_type](source)
    return replace(parsed, warnings=warnings + parsed.warnings, original=source)


def fingerprint(raw: RawDocument) -> str:
    """Identify everything an article is made from, so that an unchanged document need not be parsed again.

    Args:
        raw: The document as its source gave it.

    Returns:
        `sha256:…` over content, media type, name, version, URL, edit date, and the versions of parser, chunker and
        checks; over the etag and those versions alone where there is one.
    """
    if raw.etag is not None:
        return fingerprint_etag(raw.etag)
    edited = raw.last_modified.isoformat() if raw.last_modified else None
    stated = sorted((name, repr(value)) for name, value in raw.fields.items())
    facts = json.dumps([*_versions(), raw.media_type, raw.name, raw.version, raw.url, edited, stated, raw.attached_to])
    digest = hashlib.sha256(facts.encode())
    digest.update(raw.content)
    return f"sha256:{digest.hexdigest()}"


def fingerprint_etag(etag: str) -> str:
    """Identify an article by its source's own mark, as `fingerprint` does for a document that carries one."""
    facts = json.dumps([*_versions(), etag])
    return f"sha256:{hashlib.sha256(facts.encode()).hexdigest()}"


def _versions() -> tuple[int, ...]:
    return PARSER_VERSION, CHUNKING_VERSION, LINT_VERSION


def humanise(name: str) -> str:
    """Make a title of a file's name.

    Args:
        name: A path; folders and suffix are left off.

    Returns:
        `vpn-disconnects.md` as "Vpn disconnects"; a name with capitals, such as `KubePodCrashLooping`, as it is.
    """
    path = PurePosixPath(name)
    stem = path.stem
    if stem.lower() in {"index", "_index", "readme"} and path.parent.name:
        # A folder's front page is named by its folder.
        stem = path.parent.name
    stem = clean_line(stem)
    if not _SLUG.fullmatch(stem):
        return stem or name
    words = re.sub("[-_]", " ", stem)
    return words[:1].upper() + words[1:]


def _revision(title: str, text: str, blocks: tuple[Block, ...], symptoms: tuple[str, ...]) -> str:
    """Hash what the index embeds; blocks too, for an escaped number and a step can give one text."""
    shape = [[block.kind, block.start, block.end, block.number, block.level, block.section] for block in blocks]
    facts = json.dumps([CHUNKING_VERSION, title, text, list(symptoms), shape], ensure_ascii=True)
    return f"sha256:{hashlib.sha256(facts.encode()).hexdigest()}"
