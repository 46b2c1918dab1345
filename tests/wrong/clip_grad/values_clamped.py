# mistake: Entries are clamped to ±max_norm instead of scaling the gradients.
# bug: by_value
# line: 13
import torch


def clip_grad(params, max_norm):
    grads = [p.grad.data for p in params if p.grad is not None]
    if len(grads) == 0:
        return torch.zeros(())
    norm = torch.cat([g.flatten() for g in grads]).pow(2).sum().pow(0.5)
    for g in grads:
        torch.clamp(g, min=-max_norm, max=max_norm, out=g)
    return norm
