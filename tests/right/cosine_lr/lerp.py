from math import cos, pi


def cosine_lr(step, max_lr, total_steps, warmup_steps=0, min_lr=0.0):
    """cos² of the half angle; the end is a clamp of the progress."""
    if step < warmup_steps:
        return (step + 1) / warmup_steps * max_lr
    rest = max(total_steps - warmup_steps, 1)
    p = min((step - warmup_steps) / rest, 1.0) if warmup_steps < total_steps else 1.0
    share = cos(pi * p / 2) ** 2
    return share * max_lr + (1.0 - share) * min_lr
