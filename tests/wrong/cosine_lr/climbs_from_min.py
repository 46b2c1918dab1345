# mistake: Warm-up starts from min_lr.
# bug: warmup_from_min
# line: 10
import math


def cosine_lr(step, max_lr, total_steps, warmup_steps=0, min_lr=0.0):
    span = max_lr - min_lr
    if step < warmup_steps:
        share = (step + 1) / warmup_steps
    elif step < total_steps:
        share = (1 + math.cos(math.pi * (step - warmup_steps) / (total_steps - warmup_steps))) / 2
    else:
        share = 0.0
    return min_lr + span * share
