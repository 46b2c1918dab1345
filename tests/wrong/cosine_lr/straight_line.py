# mistake: The rate falls in a straight line.
# bug: linear
# line: 10
def cosine_lr(step, max_lr, total_steps, warmup_steps=0, min_lr=0.0):
    if step < warmup_steps:
        return max_lr * (step + 1) / warmup_steps
    if step >= total_steps:
        return float(min_lr)
    left = (total_steps - step) / (total_steps - warmup_steps)
    return left * max_lr + (1 - left) * min_lr
