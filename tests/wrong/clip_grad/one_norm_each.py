# mistake: Every gradient is clipped by its own norm.
# bug: each_by_itself
# line: 17
import torch


@torch.no_grad()
def clip_grad(params, max_norm):
    total = 0.0
    found = False
    for p in params:
        if p.grad is None:
            continue
        found = True
        n = torch.linalg.vector_norm(p.grad)
        total = total + n * n
        if n > max_norm:
            p.grad.mul_(max_norm / n)
    return total.sqrt() if found else torch.tensor(0.0)
