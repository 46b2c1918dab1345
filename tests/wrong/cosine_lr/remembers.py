# mistake: The step is taken from a counter of calls, so the order and number of calls matter.
# bug: step_from_calls
# line: 12
import math

calls = {}


def cosine_lr(step, max_lr, total_steps, warmup_steps=0, min_lr=0.0):
    key = (max_lr, total_steps, warmup_steps, min_lr)
    calls[key] = calls.get(key, -1) + 1
    step = calls[key]
    if step < warmup_steps:
        return max_lr * (step + 1) / warmup_steps
    if step >= total_steps:
        return float(min_lr)
    p = (step - warmup_steps) / (total_steps - warmup_steps)
    return min_lr + (max_lr - min_lr) * (1 + math.cos(math.pi * p)) / 2
