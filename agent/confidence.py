"""How sure we are that an article answers a ticket: features of one retrieval in, a probability out."""

import math
from dataclasses import dataclass

from index.models import Candidate, Retrieval

CALIBRATION = "preset"
"""Named in every decision until a calibration to the organisation's own tickets replaces it."""
