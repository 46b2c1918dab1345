from collections.abc import Generator, Iterable
from itertools import count

import torch
from torch import Tensor


def _life_of(theta: Tensor, lr: float, beta1: float, beta2: float, eps: float) -> Generator:
    """One parameter's optimizer: its moments are this coroutine's locals."""
    m, v = torch.zeros_like(theta), torch.zeros_like(theta)
    for t in count(1):
        g = yield
        m += (g - m) * (1 - beta1)
        v += (g * g - v) * (1 - beta2)
        root = torch.sqrt(v / (1 - beta2**t))
        theta.subtract_(m / (1 - beta1**t) / (root + eps) * lr)


class Adam:
    def __init__(
        self,
        params: Iterable[Tensor],
        lr: float = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
    ):
        def start(p):
            coroutine = _life_of(p.detach(), lr, *betas, eps)
            next(coroutine)
            return p, coroutine.send

        self._crew = list(map(start, params))

    def step(self) -> list:
        return [send(p.grad.detach()) for p, send in self._crew if p.grad is not None]

    def zero_grad(self) -> int:
        return [setattr(p, "grad", None) for p, _ in self._crew].count(None)
