"""What can go wrong between a ticket and its decision. Escalating is not among them: it is a decision.

RunciteError
└── AgentError
    ├── TicketError          the ticket cannot be read as one
    │   └── EmptyTicketError there is nothing in it
    ├── DatasetError         a labelled dataset cannot be read
    ├── ConfidenceError      fitted coefficients cannot be read
    ├── CalibrationError     a stored calibration cannot be read
    ├── PolicyError          a policy file cannot be used
    │   └── PatternError     a pattern in it cannot be
    ├── ModelError           a language model gave no usable reply
    ├── LookupFailedError    a system that a model may ask gave no answer
    └── LedgerError          a decision cannot be recorded, or read again
        ├── LedgerGoneError   there was a ledger, and there is none now
        ├── LedgerVersionError another version of Runcite wrote the ledger
        └── AnchorError      the anchor of the audit log is none
"""

from ingest.errors import RunciteError


class AgentError(RunciteError):
    """A decision could not be reached for a reason the caller can mend."""


class TicketError(AgentError):
    """The ticket cannot be read: binary, too long, or with fields of the wrong kind."""


class EmptyTicketError(TicketError):
    """The ticket has no text."""


class DatasetError(AgentError):
    """A labelled dataset cannot be read."""


class ConfidenceError(AgentError):
    """Fitted coefficients cannot be read, or are not of this version's signals."""


class CalibrationError(AgentError):
    """A stored calibration cannot be read, or is not as it was written."""


class PolicyError(AgentError):
    """A policy file cannot be used; the message names line, column and remedy."""


class PatternError(PolicyError):
    """A pattern is no RE2 expression, or matches everything."""


class ModelError(AgentError):
    """A language model gave no usable reply. Its message holds nothing of what the model or the ticket said."""


class LookupFailedError(AgentError):
    """A system that a model may ask about a customer or a service gave no answer."""


class LedgerError(AgentError):
    """A decision cannot be recorded, or what was recorded cannot be read."""


class LedgerGoneError(LedgerError):
    """The anchor names an entry of a ledger that is not there. No other is put in its place."""


class LedgerVersionError(LedgerError):
    """The ledger is whole, and of a schema that this version does not read."""


class AnchorError(LedgerError):
    """What is to be the anchor of the audit log, or a head of it, is none."""
