"""The domain, pure: events, cases, task workflow, protection. Data in, data out; no I/O."""
