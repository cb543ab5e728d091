"""Deciders: from facts and candidates to a draft."""
