# mistake: params is walked twice, so a generator has nothing left when the gradients are scaled.
# bug: generator_used_up
# line: 14
import torch


@torch.no_grad()
def clip_grad(params, max_norm):
    squares = [(p.grad * p.grad).sum() for p in params if p.grad is not None]
    if not squares:
        return torch.tensor(0.0)
    norm = torch.sqrt(sum(squares))
    coef = torch.clamp(max_norm / norm, max=1)
    for p in params:
        if p.grad is not None:
            p.grad.mul_(coef)
    return norm
