"""What can go wrong between a source and its chunks.

RunciteError                 every error a user of Runcite can meet, in any package
└── IngestError              reading or cutting articles
    ├── SourceError          the source as a whole cannot be listed; nothing may be removed
    │   └── WikiRefusalError a wiki's API answered one request with an error of its own
    ├── RequestError         one request to a wiki's site failed; what depends on it is left out
    └── ParseError           one document cannot be turned into an article
"""


class RunciteError(Exception):
    """Base of every error whose message is written for the user.

    The message states the value met, what was expected, and the remedy.
    """


class IngestError(RunciteError):
    """Reading or cutting articles failed."""


class SourceError(IngestError):
    """A source could not be listed as a whole, so nothing may be concluded from what is missing."""


class WikiRefusalError(SourceError):
    """A wiki's API answered one request with an error; uncaught, it breaks the listing off.

    Args:
        message: For the user.
        code: The API's own name for it, such as `nosuchpageid`.
    """

    def __init__(self, message: str, code: str) -> None:
        super().__init__(message)
        self.code = code


class RequestError(IngestError):
    """One request to a site failed.

    Args:
        message: What was asked for and what came instead.
        status: The HTTP status, where there was an answer.
    """

    def __init__(self, message: str, status: int | None = None) -> None:
        super().__init__(message)
        self.status = status


class ParseError(IngestError):
    """One document could not be turned into an article."""
