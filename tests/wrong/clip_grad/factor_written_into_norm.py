# mistake: The squares are summed into a float32 number; and the factor is computed in place in the norm, so it is what is returned.
# bug: float32_norm + returns_factor
# line: 18, 22, 25
from collections.abc import Iterable

import torch
from torch import Tensor


def clip_grad(params: Iterable[Tensor], max_norm: float) -> Tensor:
    with torch.no_grad():
        total = torch.zeros(())
        with_grad = []
        for p in params:
            if p.grad is None:
                continue
            with_grad.append(p)
            total += p.grad.square().sum()
        norm = total.sqrt()
        if norm == 0:
            return norm
        coef = norm.reciprocal_().mul_(max_norm).clamp_(max=1)
        for p in with_grad:
            p.grad *= coef
        return norm
