"""The `adapter` command, one file a group."""
