"""Builds everything from settings: the one place where the rooms are joined."""

from adapter.wiring.adapter import Adapter, build

__all__ = ["Adapter", "build"]
