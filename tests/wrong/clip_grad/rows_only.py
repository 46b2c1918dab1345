# mistake: The norm of a gradient is taken along its last dimension and only the largest row counts.
# line: 11
import torch


@torch.no_grad()
def clip_grad(params, max_norm):
    grads = [p.grad for p in params if p.grad is not None]
    if not grads:
        return torch.tensor(0.0)
    parts = [torch.atleast_1d(g).norm(dim=-1).max() for g in grads]
    norm = torch.stack(parts).norm()
    if norm > max_norm:
        for g in grads:
            g.mul_(max_norm / norm)
    return norm
