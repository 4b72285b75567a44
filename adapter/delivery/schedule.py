"""When to try again. It never says never: patient state is not given up, whatever the count."""

from dataclasses import dataclass, field
from random import Random

DEFAULT = (5.0, 30.0, 120.0, 600.0, 1_800.0, 7_200.0, 21_600.0)
"""5 s, 30 s, 2 min, 10 min, 30 min, 2 h, 6 h, and then every 6 h."""

_LONGEST = 21_600.0


@dataclass(frozen=True)
class Schedule:
    """`steps` are the waits in seconds, the last repeating; `jitter` is the share by which each may differ."""

    steps: tuple[float, ...] = DEFAULT
    jitter: float = 0.2
    random: Random = field(default_factory=Random)

    def __post_init__(self) -> None:
        if not self.steps or min(self.steps) < 0:
            raise ValueError("a schedule needs at least one wait, none below 0 s")
        if not 0 <= self.jitter < 1:
            raise ValueError("jitter is a share from 0 up to, but not, 1")

    def wait(self, step: int, retry_after: float | None = None) -> float:
        """Seconds until the next try after `step` earlier failures (0 for the first).

        The receiver's Retry-After replaces the step, bounded below by the first step (it must not make us hammer it)
        and above by 6 h; jitter only ever lengthens it.
        """
        if retry_after is not None:
            asked = min(max(retry_after, self.steps[0]), _LONGEST)
            return min(asked * (1 + self.jitter * self.random.random()), _LONGEST)
        wait = self.steps[min(max(step, 0), len(self.steps) - 1)]
        return wait * self.random.uniform(1 - self.jitter, 1 + self.jitter)
