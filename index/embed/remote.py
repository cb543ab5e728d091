"""Texts enter, vectors from an OpenAI-compatible endpoint leave, checked. Sole user of the openai SDK here."""

import base64
import binascii
import json
import math
import queue
import re
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Literal
from urllib.parse import urlsplit

import numpy as np
import openai

from index.embed.endpoint import Endpoint
from index.embed.presets import REMOTE, find_preset
from index.errors import EmbeddingError
from index.models import EmbeddingSpec, FloatMatrix, FloatVector

QUERY_DEADLINE_S = 1.5
"""A query that has no vector by then is given up: whoever waits for a decision gets an escalation within 2 s."""

PASSAGES_DEADLINE_S = 120.0
"""For one request of passages, all attempts and waits included."""

MOST_TEXTS = 32
"""Per request: what text-embeddings-inference takes unless told otherwise; OpenAI takes 2,048."""

MOST_TOKENS = 100_000
"""Per request, as estimated; OpenAI takes 300,000."""

_ATTEMPT_S = 30.0
_FIRST_WAIT_S = 0.5
_UNKNOWN_MAX_TOKENS = 512
_WORTH_RETRYING = frozenset({408, 409, 429, 500, 502, 503, 504, 529})
_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
_WORD = re.compile(r"\w+|[^\w\s]")
_CHARACTERS_PER_TOKEN = 4
_MOST_SHOWN = 200

Format = Literal["base64", "float"]


class RemoteEmbedder:
    """An `Embedder` over an OpenAI-compatible endpoint. Safe to call from several threads."""

    def __init__(
        self,
        endpoint: Endpoint,
        model: str,
        recorded: EmbeddingSpec | None = None,
        *,
        wait: Callable[[float], None] = time.sleep,
    ) -> None:
        """Connect to an endpoint; it is asked for the dimension unless an index records it.

        Args:
            endpoint: Where it is.
            model: The endpoint's name of the model.
            recorded: The model as an index records it.
            wait: How to wait before another attempt.

        Raises:
            EmbeddingError: The URL cannot be used, or the endpoint gives no usable vector.
        """
        self._endpoint = endpoint
        self._model = model
        self._wait = wait
        self._format: Format = "base64"
        self._client = openai.OpenAI(
            api_key=endpoint.key or "none", base_url=_checked(endpoint), timeout=_ATTEMPT_S, max_retries=0
        )
        self._spec = recorded or self._probe()

    @property
    def spec(self) -> EmbeddingSpec:
        """What makes its vectors comparable to others."""
        return self._spec

    def embed_passages(self, texts: Sequence[str]) -> FloatMatrix:
        """Embed passages, in as few requests as the limits allow.

        Args:
            texts: The passages, without prefix; none empty.

        Returns:
            `(n_texts, dim) float32`, unit rows, in the order of `texts`.

        Raises:
            EmbeddingError: The endpoint failed, or sent what cannot be used.
        """
        whole = np.zeros((len(texts), self._spec.dimension), dtype=np.float32)
        done = 0
        for batch in self._batches([self._spec.passage_prefix + text for text in texts]):
            whole[done : done + len(batch)] = self._embed(batch, PASSAGES_DEADLINE_S)
            done += len(batch)
        return whole

    def embed_query(self, text: str) -> FloatVector:
        """Embed one query, or give up at `QUERY_DEADLINE_S` whatever the endpoint or the network does.

        Args:
            text: The query, without prefix; not empty.

        Returns:
            `(dim,) float32`, unit length.

        Raises:
            EmbeddingError: There was no usable answer in time.
        """
        vector: FloatVector = self.embed_queries([text])[0]
        return vector

    def embed_queries(self, texts: Sequence[str]) -> FloatMatrix:
        """Embed several queries in one request, or give up as `embed_query` does.

        Args:
            texts: The queries, without prefix; none empty.

        Returns:
            `(n_texts, dim) float32`, unit rows, in the order of `texts`.

        Raises:
            EmbeddingError: There was no usable answer in time.
        """
        answers: queue.SimpleQueue[FloatMatrix | EmbeddingError] = queue.SimpleQueue()

        def ask() -> None:
            try:
                answers.put(self._embed([self._spec.query_prefix + text for text in texts], QUERY_DEADLINE_S))
            except EmbeddingError as error:
                answers.put(error)

        # Neither name resolution nor an answer that drips in has a timeout: the thread is abandoned, not waited for.
        threading.Thread(target=ask, name="embed-query", daemon=True).start()
        try:
            answer = answers.get(timeout=QUERY_DEADLINE_S)
        except queue.Empty:
            raise self._failed(f"gave no answer within {QUERY_DEADLINE_S:g} s") from None
        if isinstance(answer, EmbeddingError):
            raise answer
        return answer

    def count_tokens(self, text: str) -> int:
        """Estimate the model's tokens in one text, rather too many: the endpoint does not tell.

        Args:
            text: Any text.

        Returns:
            A token for every four characters of a word, every sign, and every character outside ASCII.
        """
        return sum(
            math.ceil(len(word) / _CHARACTERS_PER_TOKEN) if word.isascii() else len(word)
            for word in _WORD.findall(text)
        )

    def count_tokens_batch(self, texts: Sequence[str]) -> list[int]:
        """Estimate the tokens of several texts.

        Args:
            texts: Any texts.

        Returns:
            One estimate per text.
        """
        return [self.count_tokens(text) for text in texts]

    def _probe(self) -> EmbeddingSpec:
        (row,) = self._rows(["dimension"], PASSAGES_DEADLINE_S)
        preset = find_preset(self._model)
        return EmbeddingSpec(
            model=f"{REMOTE}{self._model}",
            revision="as served",
            dimension=len(row),
            pooling=preset.pooling if preset else "unknown",
            query_prefix=preset.query_prefix if preset else "",
            passage_prefix=preset.passage_prefix if preset else "",
            max_tokens=preset.max_tokens if preset else _UNKNOWN_MAX_TOKENS,
        )

    def _batches(self, texts: Sequence[str]) -> Iterator[list[str]]:
        batch: list[str] = []
        tokens = 0
        for text in texts:
            costs = self.count_tokens(text)
            if batch and (len(batch) == MOST_TEXTS or tokens + costs > MOST_TOKENS):
                yield batch
                batch, tokens = [], 0
            batch.append(text)
            tokens += costs
        if batch:
            yield batch

    def _embed(self, texts: Sequence[str], deadline_s: float) -> FloatMatrix:
        rows = self._rows(texts, deadline_s)
        odd = {len(row) for row in rows} - {self._spec.dimension}
        if odd:
            raise self._failed(f"sent vectors of {sorted(odd)} numbers, expected {self._spec.dimension}")
        matrix = np.stack(rows)
        norms = np.linalg.norm(matrix, axis=1, keepdims=True)
        if not np.isfinite(norms).all() or not norms.all():
            raise self._failed("sent a vector that is zero or holds what is no number")
        unit: FloatMatrix = (matrix / norms).astype(np.float32)
        return unit

    def _rows(self, texts: Sequence[str], deadline_s: float) -> list[FloatVector]:
        if not all(text.strip() for text in texts):
            raise EmbeddingError("An empty text cannot be embedded; expected some words.")
        body = self._ask(texts, time.monotonic() + deadline_s)
        try:
            data = sorted(json.loads(body)["data"], key=lambda item: int(item["index"]))
            places = [int(item["index"]) for item in data]
            rows = [_decoded(item["embedding"]) for item in data]
        except (ValueError, TypeError, KeyError, RecursionError) as error:
            raise self._failed(f"sent no embeddings but {self._shown(body)!r}") from error
        if places != list(range(len(texts))):
            raise self._failed(f"sent {len(places)} vectors for {len(texts)} texts, or not one for each")
        return rows

    def _ask(self, texts: Sequence[str], deadline: float) -> str:
        """Send one request as often as is worth it before the deadline, and return the body of the answer."""
        wait_s = _FIRST_WAIT_S
        while True:
            left_s = deadline - time.monotonic()
            try:
                return self._send(texts, min(_ATTEMPT_S, max(left_s, 0.01)))
            except openai.APIStatusError as error:
                status = error.status_code
                problem = f"answered {status}: {self._shown(error.response.text)}"
                if status in {400, 422} and self._format == "base64" and "encoding_format" in error.response.text:
                    self._format = "float"
                    continue
                if status not in _WORTH_RETRYING:
                    raise self._failed(problem) from error
                pause_s = _asked_to_wait(error.response.headers.get("retry-after")) or wait_s
            except openai.APIConnectionError as error:
                problem = f"cannot be reached: {self._shown(str(error.__cause__ or error))}"
                pause_s = wait_s
            if time.monotonic() + pause_s >= deadline:
                raise self._failed(f"{problem}; given up, as the next attempt would be too late")
            self._wait(pause_s)
            wait_s *= 2

    def _send(self, texts: Sequence[str], timeout_s: float) -> str:
        answer = self._client.embeddings.with_raw_response.create(
            model=self._model, input=list(texts), encoding_format=self._format, timeout=timeout_s
        )
        return str(answer.text)

    def _failed(self, what: str) -> EmbeddingError:
        return EmbeddingError(
            f"The embeddings endpoint {self._endpoint.url!r} {what}. Check RUNCITE_EMBEDDING_URL and "
            f"RUNCITE_EMBEDDING_KEY, and that it serves {self._model!r}."
        )

    def _shown(self, text: str) -> str:
        hidden = text.replace(self._endpoint.key, "…") if self._endpoint.key else text
        return " ".join(hidden.split())[:_MOST_SHOWN]


def _checked(endpoint: Endpoint) -> str:
    parts = urlsplit(endpoint.url)
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.username or parts.query:
        raise EmbeddingError(
            f"RUNCITE_EMBEDDING_URL {parts._replace(netloc=parts.hostname or '', query='').geturl()!r} cannot be used; "
            "expected a base URL such as https://api.openai.com/v1, without credentials"
        )
    if endpoint.key and parts.scheme == "http" and parts.hostname not in _LOOPBACK:
        raise EmbeddingError(
            f"RUNCITE_EMBEDDING_KEY would be sent to {parts.hostname!r} unencrypted; expected an https:// URL or no key"
        )
    return endpoint.url


def _asked_to_wait(header: str | None) -> float | None:
    """Read `Retry-After` in seconds; a date, which such endpoints do not send, counts as nothing said."""
    try:
        seconds = float(header or "")
    except ValueError:
        return None
    return seconds if math.isfinite(seconds) and seconds >= 0 else None


def _decoded(embedding: Any) -> FloatVector:  # noqa: ANN401  # whatever the endpoint put there
    if isinstance(embedding, str):
        try:
            return np.frombuffer(base64.b64decode(embedding, validate=True), dtype="<f4").astype(np.float32)
        except binascii.Error as error:
            raise ValueError(str(error)) from error
    with np.errstate(over="ignore"):  # the infinity is refused with its row
        vector = np.asarray(embedding, dtype=np.float32)
    if vector.ndim != 1 or not vector.size:
        raise ValueError(f"expected a list of numbers, found {vector.shape}")
    return vector
