"""From a ticket and its candidates to one cited decision."""
