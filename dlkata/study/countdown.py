"""A limit that runs by the clock on the wall: for whoever waits, leaves, comes back or sets the clock."""

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta


class Countdown:
    def __init__(
        self, begun: datetime, limit: float, wall: Callable[[], datetime],
        tick: Callable[[], float] = time.monotonic, spent: float = 0.0,
    ):  # fmt: skip
        """`begun` is aware; `spent`: seconds that are known to have passed, whatever the wall says now."""
        self.begun, self.limit = begun.astimezone(UTC), limit
        self._wall, self._tick = wall, tick
        self._latest = max(self._now(), self.begun + timedelta(seconds=spent))
        self._ticked = tick()

    def _now(self) -> datetime:
        return self._wall().astimezone(UTC)

    @property
    def elapsed(self) -> float:
        """Seconds, at most the limit. A wall clock that was set back does not stop it; a machine that slept does
        not either."""
        ticked = self._tick()
        went_on = self._latest + timedelta(seconds=max(0.0, ticked - self._ticked))
        self._latest, self._ticked = max(self._now(), went_on), ticked
        return min(self.limit, (self._latest - self.begun).total_seconds())

    @property
    def left(self) -> float:
        return self.limit - self.elapsed

    @property
    def over(self) -> bool:
        return self.left <= 0

    @property
    def changes_in(self) -> float:
        """Seconds until another whole second is left."""
        return self.left % 1.0 or 1.0
