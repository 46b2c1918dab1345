# mistake: Without any gradient a name is used that does not exist.
# line: 10
import torch


@torch.no_grad()
def clip_grad(params, max_norm):
    grads = [p.grad for p in params if p.grad is not None]
    if not grads:
        return troch.tensor(0.0)  # noqa: F821
    norm = torch.stack([g.norm() for g in grads]).norm()
    if norm > max_norm:
        for g in grads:
            g.mul_(max_norm / norm)
    return norm
