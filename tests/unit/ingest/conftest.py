from collections.abc import Callable

import pytest

from ingest.models import Article, MediaType, RawDocument
from ingest.read import read


@pytest.fixture(scope="session")
def article_of() -> Callable[..., Article]:
    def make(content: str, media_type: MediaType = "text/markdown", name: str = "guide.md") -> Article:
        return read(RawDocument("guide", "folder:/kb", media_type, content.encode(), name))

    return make
