"""When to stop waiting: a slow answer on a busy machine is no hang."""

import sys
import time

LOOK = 0.2  # seconds between two looks at one who is late
# A process that hangs computes nearly all of its time, or nearly none.
BUSY, IDLE = 0.5, 0.05
LONGEST = 4  # times its seconds, whatever it does


class Patience:
    """Lasts for some seconds, and longer while the process gets too little of the machine to be judged."""

    def __init__(self, pid: int, seconds: float):
        self.pid = pid
        self.renew(seconds)

    def renew(self, seconds: float) -> None:
        """It has said something."""
        self.begin, self.allowed, self.computed = time.monotonic(), seconds, computed(self.pid)

    def left(self) -> float:
        """Seconds until it is worth while to look again; 0 when it is over."""
        waited = time.monotonic() - self.begin
        if waited < self.allowed:
            return self.allowed - waited
        spent = computed(self.pid) - self.computed
        has_had_its_time = spent >= BUSY * self.allowed or spent < IDLE * waited
        return 0.0 if has_had_its_time or waited >= LONGEST * self.allowed else LOOK


def computed(pid: int) -> float:
    """Seconds of processor time; 0 where that cannot be seen, or the process is gone."""
    if sys.platform != "linux":
        return 0.0
    try:
        # The clock of another process, as clock_getcpuclockid makes it.
        return time.clock_gettime(~pid << 3 | 2)
    except OSError:
        return 0.0
