# mistake: torch.linalg.norm with ord=2 is the spectral norm where a gradient is a matrix.
# bug: spectral_norm
# line: 19
from collections.abc import Iterable

import torch
from torch import Tensor


@torch.no_grad()
def clip_grad(params: Iterable[Tensor], max_norm: float) -> Tensor:
    grads = [p.grad for p in params if p.grad is not None]
    if not grads:
        return torch.tensor(0.0, dtype=torch.float32)
    norms = []
    for g in grads:
        if g.ndim > 2:
            g = g.flatten()
        norms.append(torch.linalg.norm(g, ord=2) if g.ndim else g.abs())
    total = torch.linalg.vector_norm(torch.stack(norms))
    if total > max_norm:
        for g in grads:
            g.mul_(max_norm / total)
    return total
