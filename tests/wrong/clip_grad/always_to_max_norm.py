# mistake: Gradients are always brought to max_norm, also short ones.
# bug: always_scaled
# line: 16
import torch


@torch.no_grad()
def clip_grad(params, max_norm):
    grads = [p.grad for p in params if p.grad is not None]
    if not grads:
        return torch.tensor(0.0)
    norm = sum((g**2).sum() for g in grads).sqrt()
    if norm == 0:
        return norm
    for g in grads:
        g.div_(norm).mul_(max_norm)
    return norm
