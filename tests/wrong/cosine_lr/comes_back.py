# mistake: Nothing stops the wave at total_steps, so the rate climbs again.
# bug: not_clamped
# line: 12
import math


def cosine_lr(step, max_lr, total_steps, warmup_steps=0, min_lr=0.0):
    if step < warmup_steps:
        return max_lr * (step + 1) / warmup_steps
    if warmup_steps == total_steps:
        return float(min_lr)
    angle = math.pi * (step - warmup_steps) / (total_steps - warmup_steps)
    return min_lr + (max_lr - min_lr) / 2 * (math.cos(angle) + 1)
