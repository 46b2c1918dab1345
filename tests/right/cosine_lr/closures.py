import torch


def climb(max_lr, warmup_steps):
    return lambda s: max_lr / warmup_steps * (1 + s)


def fall(high, low, length):
    def rate(s):
        angle = torch.tensor(s / length * torch.pi, dtype=torch.float64)
        return (low + (high - low) * (angle.cos() + 1) / 2).item()

    return rate


def cosine_lr(step, max_lr, total_steps, warmup_steps=0, min_lr=0.0):
    """A table of stretches: the first that is not over yet answers."""
    stretches = []
    if warmup_steps:
        stretches.append((warmup_steps, climb(max_lr, warmup_steps)))
    if total_steps > warmup_steps:
        stretches.append((total_steps - warmup_steps, fall(max_lr, min_lr, total_steps - warmup_steps)))
    for length, rate in stretches:
        if step < length:
            return float(rate(step))
        step -= length
    return float(min_lr)
