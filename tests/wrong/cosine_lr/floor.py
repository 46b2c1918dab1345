# mistake: The wave goes to zero and is cut off at min_lr.
# bug: min_as_floor
# line: 14
import math


def cosine_lr(step, max_lr, total_steps, warmup_steps=0, min_lr=0.0):
    if step < warmup_steps:
        return max_lr * (step + 1) / warmup_steps
    if step >= total_steps:
        return float(min_lr)
    x = (step - warmup_steps) / (total_steps - warmup_steps)
    rate = max_lr * (1 + math.cos(math.pi * x)) / 2
    return float(min_lr) if rate < min_lr else rate
