import torch
from torch import Tensor


@torch.no_grad()
def clip_grad(params, max_norm) -> Tensor:
    grads = list(filter(lambda g: g is not None, map(lambda p: p.grad, params)))
    norm = torch.tensor(0.0)
    if grads:
        norm = torch.stack(torch._foreach_norm(grads)).norm()
        torch._foreach_mul_(grads, torch.where(norm > max_norm, max_norm / norm, torch.ones_like(norm)))
    return norm
