"""Feeds: what a journal system without FHIR messages sends is kept, and the messages that follow from it are written
and handed in at the one door."""
