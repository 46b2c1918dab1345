import cmath


def cosine_lr(step, max_lr, total_steps, warmup_steps=0, min_lr=0.0):
    """The real part of a point that walks half round the circle."""
    after = step - warmup_steps
    if after < 0:
        return max_lr * (1 + after / warmup_steps + 1 / warmup_steps)
    centre, radius = (max_lr + min_lr) / 2, (max_lr - min_lr) / 2
    if step < total_steps:
        return centre + radius * cmath.exp(1j * cmath.pi * after / (total_steps - warmup_steps)).real
    return centre - radius
