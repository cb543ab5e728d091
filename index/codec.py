"""Dataclasses enter, the strings and bytes that the catalog stores leave; and back."""

import json
from dataclasses import asdict
from datetime import datetime

import numpy as np
from pydantic import TypeAdapter

from index.models import EmbeddingSpec, FloatMatrix, TermIds
from index.portraits import Portrait
from ingest.models import ArticleMetadata, Block, Finding

_METADATA = TypeAdapter(ArticleMetadata)
_BLOCKS = TypeAdapter(tuple[Block, ...])
_FINDINGS = TypeAdapter(tuple[Finding, ...])
_SPEC = TypeAdapter(EmbeddingSpec)


def metadata_to_json(metadata: ArticleMetadata) -> str:
    """Write metadata as JSON, fields in a fixed order so that equal metadata is equal text."""
    return _METADATA.dump_json(metadata).decode()


def metadata_from_json(value: str) -> ArticleMetadata:
    """Read what `metadata_to_json` wrote."""
    return _METADATA.validate_json(value)


def blocks_to_json(blocks: tuple[Block, ...]) -> str:
    """Write blocks as JSON."""
    return _BLOCKS.dump_json(blocks).decode()


def blocks_from_json(value: str) -> tuple[Block, ...]:
    """Read what `blocks_to_json` wrote."""
    return _BLOCKS.validate_json(value)


def findings_to_json(findings: tuple[Finding, ...]) -> str:
    """Write findings as JSON."""
    return _FINDINGS.dump_json(findings).decode()


def findings_from_json(value: str) -> tuple[Finding, ...]:
    """Read what `findings_to_json` wrote."""
    return _FINDINGS.validate_json(value)


def spec_to_json(spec: EmbeddingSpec) -> str:
    """Write an embedding's description as JSON."""
    return json.dumps(asdict(spec))


def spec_from_json(value: str) -> EmbeddingSpec:
    """Read what `spec_to_json` wrote."""
    return _SPEC.validate_json(value)


def strings_to_json(strings: tuple[str, ...]) -> str:
    """Write a list of strings as JSON."""
    return json.dumps(list(strings), ensure_ascii=False)


def strings_from_json(value: str) -> tuple[str, ...]:
    """Read what `strings_to_json` wrote."""
    return tuple(json.loads(value))


def terms_to_bytes(terms: TermIds) -> bytes:
    """Write term ids as little-endian 32-bit integers."""
    return terms.astype("<u4").tobytes()


def terms_from_bytes(value: bytes) -> TermIds:
    """Read what `terms_to_bytes` wrote: `(n_terms,) uint32`, ascending and unique."""
    return np.frombuffer(value, dtype="<u4").astype(np.uint32)


def vectors_to_bytes(vectors: FloatMatrix) -> bytes:
    """Write vectors as little-endian 16-bit floats: a cosine changes by less than 0.001."""
    return vectors.astype("<f2").tobytes()


def vectors_from_bytes(value: bytes, dimension: int) -> FloatMatrix:
    """Read what `vectors_to_bytes` wrote: `(n_vectors, dimension) float32`."""
    return np.frombuffer(value, dtype="<f2").astype(np.float32).reshape(-1, dimension)


def portrait_to_bytes(portrait: Portrait) -> bytes:
    """Write the vectors of an article; their mean is not written."""
    return vectors_to_bytes(portrait.rows[1:])


def portrait_from_bytes(value: bytes, dimension: int, titles: int) -> Portrait:
    """Read what `portrait_to_bytes` wrote; so many of its rows are titles."""
    rows = vectors_from_bytes(value, dimension)
    return Portrait.of(rows[:titles], rows[titles:])


def time_to_text(moment: datetime) -> str:
    """Write a moment as ISO 8601."""
    return moment.isoformat()


def time_from_text(value: str) -> datetime:
    """Read what `time_to_text` wrote."""
    return datetime.fromisoformat(value)
