"""Any LlamaIndex reader."""

from collections.abc import Iterator
from contextlib import contextmanager

from llama_index.core.schema import Document

from ingest.ports import Source
from ingest.sources.llamaindex import LlamaIndexSource
from tests.contract.sources.house import GROUP, House


class LlamaIndexHouse(House):
    def __init__(self) -> None:
        self._documents: dict[str, Document] = {}
        self._ids = 0
        self._fails = False

    def source(self) -> Source:
        return LlamaIndexSource("llamaindex:wiki", self._load, audience=["everyone"])

    def article_id(self, page: str) -> str:
        return str(self._documents[page].metadata["page_id"])

    def write(self, page: str, text: str) -> None:
        if page not in self._documents:
            self._ids += 1
            self._documents[page] = Document(text="", metadata={"page_id": f"P{self._ids}", "title": page})
        self._documents[page].set_content(text)

    def rename(self, page: str, to: str) -> None:
        self._documents[to] = self._documents.pop(page)
        self._documents[to].metadata["title"] = to

    def delete(self, page: str) -> None:
        del self._documents[page]

    def spoil(self, page: str) -> None:
        self._documents[page].set_content(" ")

    @contextmanager
    def failing(self) -> Iterator[None]:
        self._fails = True
        yield
        self._fails = False

    @contextmanager
    def empty(self) -> Iterator[None]:
        before, self._documents = self._documents, {}
        yield
        self._documents = before

    def annotate(self, page: str) -> None:
        self._documents[page].metadata["owner"] = "desk"

    def restrict(self, page: str) -> None:
        self._documents[page].metadata["audience"] = [GROUP]

    def unrestrict(self, page: str) -> None:
        self._documents[page].metadata["audience"] = ["everyone"]

    def obscure(self, page: str) -> None:
        self._documents[page].metadata["audience"] = 7

    def archive(self, page: str) -> None:
        self._documents[page].metadata["status"] = "archived"

    def _load(self) -> Iterator[Document]:
        for position, document in enumerate(self._documents.values()):
            if self._fails and position:
                message = "token expired"
                raise RuntimeError(message)
            yield document
