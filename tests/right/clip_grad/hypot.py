import functools

import torch


def length(grads):
    parts = [g.data.flatten().norm(p=2) for g in grads]
    return functools.reduce(torch.hypot, parts)


def clip_grad(params, max_norm):
    """Lengths at right angles: √(a² + b²), folded over the parameters."""
    grads = []
    for p in params:
        if p.grad is not None:
            grads += [p.grad]
    if not grads:
        return torch.tensor(0, dtype=torch.float32)
    norm = length(grads)
    if norm <= max_norm:
        return norm
    for g in grads:
        g.data *= max_norm
        g.data /= norm
    return norm
