# mistake: The cosine is computed in float32, which leaves seven digits.
# bug: float32_cosine
# line: 15
import math

import torch


def cosine_lr(step, max_lr, total_steps, warmup_steps=0, min_lr=0.0):
    if step < warmup_steps:
        return max_lr * (step + 1) / warmup_steps
    if step >= total_steps:
        return float(min_lr)
    p = torch.tensor((step - warmup_steps) / (total_steps - warmup_steps))
    return min_lr + (max_lr - min_lr) * (1 + torch.cos(math.pi * p).item()) / 2
