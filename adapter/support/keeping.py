"""How long things are kept: the settings of expunging."""

from datetime import timedelta
from typing import Annotated

from pydantic import Field, ValidationInfo, field_validator

from adapter.support.checked import Section
from adapter.support.durations import Duration

_Lifetime = Annotated[Duration, Field(ge=timedelta(hours=1))]


class Retention(Section):
    content: _Lifetime = timedelta(days=365)
    """how long a message's content is kept after the last message of its case; a year, since plans are read from it
    and a year's reckoning may be disputed; what has not been delivered is always kept"""
    rejected: _Lifetime = timedelta(days=90)
    """how long the content of a refused message is kept: its sender has mended it by then"""
    feeds: _Lifetime = timedelta(days=90)
    """how long what a feed sent is kept after the last event of its stay: it tells more than the messages made of it"""
    notifications: _Lifetime = timedelta(days=30)
    """how long the events of a subscription can be asked for again once its receiver has taken them; those that it has
    not taken are always kept"""
    metadata: _Lifetime = timedelta(days=1827)
    """how long attempts, answers, replays, ended alarms, ended steps of the escalation ladder, ended tokens, refused
    messages, and what came to whom of messages whose content is gone are kept; five years, as access logs are;
    messages, deliveries, facts and the audit stay"""
    every: Annotated[Duration, Field(ge=timedelta(seconds=1))] = timedelta(hours=1)
    """how often a worker looks for what is too old"""
    batch: int = Field(200, ge=1, le=5_000)
    """how many messages are expunged in one transaction"""

    @field_validator("metadata")
    @classmethod
    def _outlives_content(cls, metadata: timedelta, known: ValidationInfo) -> timedelta:
        if any(metadata < known.data.get(name, metadata) for name in ("content", "rejected", "feeds")):
            raise ValueError("is shorter than the lifetime of content: what is said about it outlives it")
        return metadata
