"""What can go wrong at the edges: the caller's settings, the way a command is used, a request's form.

RunciteError
└── EdgeError
    ├── UsageError           a command or request asks for what cannot be
    ├── ConfigurationError   a setting cannot be used
    ├── NothingToDoError     there is nothing to work on
    ├── NotFoundError        no such article, revision, run or decision, or not for this reader
    ├── WithheldError        the article is quarantined, and its text with it
    ├── BusyError            too many ingest runs wait already
    ├── ArchiveError         a backup is damaged, or no backup at all
    └── HandOverError        the process that holds the store did not take the job
"""

from ingest.errors import RunciteError


class EdgeError(RunciteError):
    """A request could not be carried out for a reason that its sender can mend."""


class UsageError(EdgeError):
    """A command or request asks for what cannot be."""


class ConfigurationError(EdgeError):
    """A setting cannot be used."""


class NothingToDoError(EdgeError):
    """There is nothing to work on."""


class NotFoundError(EdgeError):
    """No such thing, or none that this reader may see; the two are not told apart."""


class WithheldError(EdgeError):
    """The article is quarantined: what it says is shown to nobody until it is released."""


class BusyError(EdgeError):
    """Too much is waiting already."""


class ArchiveError(EdgeError):
    """A backup is damaged, was changed, or is none."""


class HandOverError(EdgeError):
    """The process that holds the store did not take the job."""
