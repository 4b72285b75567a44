"""Writes messages: what is known of a case in plain models, its resources, and the Bundle with its Provenance chain."""
