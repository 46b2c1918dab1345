# mistake: Whether there are gradients is asked of the first parameter only; if it has none, nothing is clipped.
# bug: first_parameter_decides
# line: 10
import torch


@torch.no_grad()
def clip_grad(params, max_norm):
    params = list(params)
    if not params or params[0].grad is None:
        return torch.tensor(0.0)
    grads = [p.grad for p in params if p.grad is not None]
    norm = torch.stack([g.norm() for g in grads]).norm()
    if norm > max_norm:
        for g in grads:
            g.mul_(max_norm / norm)
    return norm
