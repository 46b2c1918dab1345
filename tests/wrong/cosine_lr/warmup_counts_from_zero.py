# mistake: Warm-up gives step / W, so the first step has a rate of 0.
# bug: warmup_from_zero
# line: 9
import math


def cosine_lr(step, max_lr, total_steps, warmup_steps=0, min_lr=0.0):
    if warmup_steps > 0 and step < warmup_steps:
        return float(max_lr) * float(step) / float(warmup_steps)
    if step >= total_steps:
        return float(min_lr)
    done = (step - warmup_steps) / (total_steps - warmup_steps)
    return min_lr + 0.5 * (max_lr - min_lr) * (1.0 + math.cos(math.pi * done))
