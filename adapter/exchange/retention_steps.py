"""What a step of expunging finds, and how far it has come."""

from dataclasses import dataclass

Place = list[int]
"""How far a step has come."""


@dataclass(frozen=True)
class Found:
    """What a step would remove next, and from where to look on; `place` is None at its end."""

    ids: list[int]
    place: Place | None
