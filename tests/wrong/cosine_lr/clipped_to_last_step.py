# mistake: Steps behind the end are clipped to S − 1, so the rate stays at that of the last training step.
# bug: stays_at_last_step
# line: 15
import math


class Schedule:
    def __init__(self, peak, floor, warmup, total):
        self.peak, self.floor = peak, floor
        self.warmup, self.total = warmup, total

    def __call__(self, s):
        if s < self.warmup:
            return self.peak * ((s + 1) / self.warmup)
        s = min(s, self.total - 1)
        if self.warmup == self.total:
            return self.floor
        t = (s - self.warmup) / (self.total - self.warmup)
        return self.floor + 0.5 * (self.peak - self.floor) * (1 + math.cos(math.pi * t))


def cosine_lr(
    step: int, max_lr: float, total_steps: int, warmup_steps: int = 0, min_lr: float = 0.0
) -> float:
    return float(Schedule(max_lr, min_lr, warmup_steps, total_steps)(step))
