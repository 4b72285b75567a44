"""Settings of the follow-up."""

from pydantic import Field

from adapter.support.checked import Section


class FollowUp(Section):
    threshold: int = Field(5, ge=1, le=100)
    """a number of stays below this is hidden, and what it could be computed from; 1 hides nothing"""
