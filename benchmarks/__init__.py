"""Measurements behind every figure in docs/scoreboard.md."""
