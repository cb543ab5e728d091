"""Where embeddings are served, apart from the SDK that fetches them: settings name it whether or not it is used."""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where embeddings come from.

    Attributes:
        url: Base URL, as in `https://api.openai.com/v1`.
        key: Sent to that URL's host only; never shown.
    """

    url: str
    key: str | None = field(default=None, repr=False)
