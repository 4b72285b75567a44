"""Notifications of what has come to a party: FHIR R4 Subscriptions by topic (Subscriptions R5 Backport)."""
