"""Scrubbing: text with secrets and personal data enters, text without them leaves, with their number by kind."""

from agent.scrub.scrub import scrub, without_marks
from agent.scrub.spans import Scrubbed

__all__ = ["Scrubbed", "scrub", "without_marks"]
