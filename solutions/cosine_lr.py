"""The learning rate of a step: linear warm-up, then half a wave of cosine (Loshchilov & Hutter, 2017).

With S total steps, W of them warm-up:

    s < W:       lr = lr_max · (s + 1) / W
    W ≤ s < S:   lr = lr_min + (lr_max − lr_min) · (1 + cos πp) / 2,   p = (s − W) / (S − W)
    s ≥ S:       lr = lr_min
"""

import math


def cosine_lr(
    step: int, max_lr: float, total_steps: int, warmup_steps: int = 0, min_lr: float = 0.0
) -> float:
    if step < warmup_steps:
        return max_lr * (step + 1) / warmup_steps
    if step >= total_steps:
        return float(min_lr)
    progress = (step - warmup_steps) / (total_steps - warmup_steps)  # p, from 0 to 1
    wave = 0.5 * (1 + math.cos(math.pi * progress))  # from 1 to 0
    return min_lr + (max_lr - min_lr) * wave
