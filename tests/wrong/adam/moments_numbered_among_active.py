# mistake: The moments are looked up by position among the parameters that have a gradient now, so they slide to a neighbour when one is missing.
# line: 25
from collections.abc import Iterable

import torch
from torch import Tensor


class Adam:
    def __init__(
        self,
        params: Iterable[Tensor],
        lr: float = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
    ):
        self.params = tuple(params)
        self.lr, self.eps = lr, eps
        self.beta1, self.beta2 = betas
        self.moments = {}

    @torch.no_grad()
    def step(self) -> None:
        active = [p for p in self.params if p.grad is not None]
        for k, p in enumerate(active):
            m, v, t = self.moments.get(k, (0.0, 0.0, 0))
            t = t + 1
            m = self.beta1 * m + (1 - self.beta1) * p.grad
            v = self.beta2 * v + (1 - self.beta2) * p.grad.square()
            self.moments[k] = (m, v, t)
            m_hat = m / (1 - self.beta1**t)
            v_hat = v / (1 - self.beta2**t)
            p.sub_(self.lr * m_hat / (v_hat.sqrt() + self.eps))

    def zero_grad(self) -> None:
        for p in self.params:
            p.grad = None
