"""What everything stands on: clock, errors, logging, paths, settings."""
