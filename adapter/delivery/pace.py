"""How fast an endpoint may be sent to, shared by all workers through its row: its own rate, and gently at first after
it has been down, when everything that waited is due at once.

A bucket of tokens kept as one instant (GCRA, ITU-T I.371): `rate_at` is when the bucket is full again.
"""

from dataclasses import dataclass

_MICROS = 1_000_000
_GENTLE = 10.0
"""Messages a second right after a recovery."""
_DOUBLES = 10.0
"""Seconds in which that doubles."""
_GENTLE_FOR = 120.0
"""Seconds after which only the endpoint's own rate counts."""
_SKEW = 60 * _MICROS


@dataclass(frozen=True)
class Pace:
    """`rate` is in messages a second, None where the endpoint has no limit. Instants are UTC microseconds."""

    rate: float | None
    recovered_at: int | None
    rate_at: int | None

    def next(self, at: int) -> int | None:
        """The new `rate_at` where one more may be sent now; None where it may not.

        What a second allows may go at once. What is told from further ahead than clocks differ is of a clock that was
        set back since.
        """
        rate = self._rate(at)
        if rate is None:
            return at
        interval = round(_MICROS / rate)
        known = self.rate_at if self.rate_at is not None and self.rate_at <= at + interval + _SKEW else at
        full = max(known, at)
        return None if full - at > max(0, _MICROS - interval) else full + interval

    def _rate(self, at: int) -> float | None:
        since = None if self.recovered_at is None else (at - self.recovered_at) / _MICROS
        if since is None or not 0 <= since < _GENTLE_FOR:
            return self.rate
        gentle: float = _GENTLE * 2 ** (since / _DOUBLES)
        return gentle if self.rate is None else min(gentle, self.rate)
