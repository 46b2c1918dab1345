import torch


def clip_grad(params, max_norm):
    """Sums of squares as dot products, added up in Python."""
    seen, total = [], None
    for p in params:
        if p.grad is None:
            continue
        g = p.grad.detach()
        seen.append(g)
        square = torch.einsum("...,...->", g, g)
        total = square if total is None else total + square
    if total is None:
        return torch.tensor(0.0)
    norm = total**0.5
    factor = min(1.0, max_norm / norm.item()) if norm > 0 else 1.0
    for g in seen:
        g.mul_(factor)
    return norm
