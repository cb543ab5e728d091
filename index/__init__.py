"""From chunks to ranked candidates: embeddings, the vector store, the catalog, sync and retrieval."""
