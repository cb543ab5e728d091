"""A hub id enters; whether the model is cached or can be had, and its folder, leave. Sole user of huggingface-hub."""

import logging
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from index.errors import EmbeddingError

_log = logging.getLogger(__name__)

REACH_TIMEOUT_S = 5.0
"""For the whole question, name resolution and the client's own retries included."""

_REQUEST_TIMEOUT_S = 4.0
_ETAG_TIMEOUT_S = 10.0
_FILES = ["*.json", "*.txt", "*.model", "*.safetensors", "*.md"]
_NOT_FILES = ["onnx/*", "openvino/*"]


class Hub(Protocol):
    """Where models come from."""

    def cached(self, hub_id: str) -> Path | None:
        """Return the folder of a completely downloaded model, `None` where there is none."""
        ...

    def reachable(self, hub_id: str) -> bool:
        """Say whether the hub answers for a model, within `REACH_TIMEOUT_S`."""
        ...

    def download(self, hub_id: str) -> Path:
        """Fetch a model and return its folder; `EmbeddingError` where that fails."""
        ...


def _ask(hub_id: str) -> bool:
    from huggingface_hub import HfApi  # noqa: PLC0415  # takes half a second

    HfApi().model_info(hub_id, timeout=_REQUEST_TIMEOUT_S)
    return True


class HuggingFaceHub:
    """The Hugging Face hub and its cache on this machine."""

    def __init__(
        self,
        cache: Path | None = None,
        ask: Callable[[str], bool] = _ask,
        timeout_s: float = REACH_TIMEOUT_S,
    ) -> None:
        self._cache = cache
        self._ask = ask
        self._timeout_s = timeout_s

    def cached(self, hub_id: str) -> Path | None:
        """Look for a model in the cache; the network is never asked.

        Args:
            hub_id: The model.

        Returns:
            Its folder, or `None` where it is not there or incomplete.
        """
        from huggingface_hub import snapshot_download  # noqa: PLC0415  # takes half a second
        from huggingface_hub.errors import LocalEntryNotFoundError  # noqa: PLC0415  # as above

        try:
            folder = Path(snapshot_download(hub_id, cache_dir=self._cache, local_files_only=True))
        except (LocalEntryNotFoundError, OSError, ValueError):
            return None
        whole = (folder / "modules.json").is_file() and (folder / "config.json").is_file()
        return folder if whole and any(folder.glob("*.safetensors")) else None

    def reachable(self, hub_id: str) -> bool:
        """Ask the hub for a model's description, and wait no longer than the timeout.

        Args:
            hub_id: The model.

        Returns:
            Whether it answered.
        """
        answered = threading.Event()
        done = threading.Event()

        def ask() -> None:
            try:
                if self._ask(hub_id):
                    answered.set()
            except Exception as error:  # noqa: BLE001  # any failure is a "no"; a thread's traceback would be printed
                _log.debug("The model hub did not answer: %s", error)
            finally:
                done.set()

        # Name resolution has no timeout of its own: the thread is abandoned rather than waited for.
        threading.Thread(target=ask, name="hub-check", daemon=True).start()
        done.wait(self._timeout_s)
        return answered.is_set()

    def download(self, hub_id: str) -> Path:
        """Fetch a model into the cache.

        Args:
            hub_id: The model.

        Returns:
            Its folder.

        Raises:
            EmbeddingError: The hub cannot be reached, or has no such model.
        """
        from huggingface_hub import snapshot_download  # noqa: PLC0415  # takes half a second
        from huggingface_hub.errors import HfHubHTTPError, LocalEntryNotFoundError  # noqa: PLC0415  # as above

        try:
            folder = snapshot_download(
                hub_id,
                cache_dir=self._cache,
                allow_patterns=_FILES,
                ignore_patterns=_NOT_FILES,
                etag_timeout=_ETAG_TIMEOUT_S,
            )
        except (HfHubHTTPError, LocalEntryNotFoundError, OSError, ValueError, RuntimeError) as error:
            raise EmbeddingError(
                f"The model {hub_id!r} cannot be downloaded: {error}. Check the network, or download it elsewhere and "
                "pass its folder with --embedding."
            ) from error
        return Path(folder)
