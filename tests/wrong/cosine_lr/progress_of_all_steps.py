# mistake: After warm-up the progress is counted from step 0.
# bug: progress_from_start
# line: 10
import math


def cosine_lr(step, max_lr, total_steps, warmup_steps=0, min_lr=0.0):
    if step < warmup_steps:
        return max_lr / warmup_steps * (step + 1)
    t = min(step, total_steps) / total_steps
    return float(min_lr + (max_lr - min_lr) * (math.cos(t * math.pi) + 1) / 2)
