# mistake: min_lr enters as a share of max_lr, which does not exist where both are 0.
# bug: share_of_zero
# line: 11
import math


def cosine_lr(step, max_lr, total_steps, warmup_steps=0, min_lr=0.0):
    if step < warmup_steps:
        return max_lr * (step + 1) / warmup_steps
    progress = min(1.0, (step - warmup_steps) / max(1, total_steps - warmup_steps))
    floor = min_lr / max_lr
    if step >= total_steps:
        return float(min_lr)
    return max_lr * (floor + (1 - floor) * (1 + math.cos(math.pi * progress)) / 2)
