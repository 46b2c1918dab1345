# mistake: A divisor of at least 1 leaves one step of cosine where warm-up fills all steps, so s = S gets max_lr.
# bug: all_warmup_gets_wave
# line: 11
from math import cos, pi


def cosine_lr(
    step: int, max_lr: float, total_steps: int, warmup_steps: int = 0, min_lr: float = 0.0
) -> float:
    w, left = warmup_steps, total_steps - warmup_steps
    done = min((step - w) / max(left, 1), 1.0)
    wave = (1 + cos(pi * done)) / 2
    return max_lr * ((step + 1) / w) if step < w else min_lr + (max_lr - min_lr) * wave
