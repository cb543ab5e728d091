"""Reading: a ticket in any of the forms in which tickets arrive enters, what its writer says leaves."""

from agent.reading.clean import clean
from agent.reading.mail import Mail, read_mail
from agent.reading.read import MAX_TICKET_BYTES, read_ticket
from agent.reading.words import SUMMARY_CHARS

__all__ = ["MAX_TICKET_BYTES", "SUMMARY_CHARS", "Mail", "clean", "read_mail", "read_ticket"]
