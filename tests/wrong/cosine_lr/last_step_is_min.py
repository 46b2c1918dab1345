# mistake: The wave is stretched so that the last step of training has min_lr already.
# bug: ends_early
# line: 12
import math


def cosine_lr(step, max_lr, total_steps, warmup_steps=0, min_lr=0.0):
    if step < warmup_steps:
        return max_lr * (step + 1) / warmup_steps
    if step >= total_steps:
        return float(min_lr)
    last = max(total_steps - 1 - warmup_steps, 1)
    return min_lr + (max_lr - min_lr) * (1 + math.cos(math.pi * (step - warmup_steps) / last)) / 2
