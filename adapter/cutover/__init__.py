"""Moves ongoing cases from one planning system to another."""
