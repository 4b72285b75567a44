"""The outbox and what empties it: worker, retry policy, breaker, channels."""
