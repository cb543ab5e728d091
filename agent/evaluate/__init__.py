"""Measuring decisions on labelled tickets."""
