# mistake: The moments live in a dict of the class, so a second optimizer over the same parameters goes on where the first one stopped.
# bug: state_outlives
# line: 11, 22
from collections.abc import Iterable

import torch
from torch import Tensor


class Adam:
    moments = {}

    def __init__(
        self,
        params: Iterable[Tensor],
        lr: float = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
    ):
        self.params = list(params)
        self.lr, self.betas, self.eps = lr, betas, eps

    @torch.no_grad()
    def step(self) -> None:
        beta1, beta2 = self.betas
        for p in self.params:
            if p.grad is None:
                continue
            if p not in self.moments:
                self.moments[p] = [0, torch.zeros_like(p), torch.zeros_like(p)]
            slot = self.moments[p]
            slot[0] += 1
            t, m, v = slot
            m.mul_(beta1).add_((1 - beta1) * p.grad)
            v.mul_(beta2).add_((1 - beta2) * p.grad**2)
            m_hat = m / (1 - beta1**t)
            v_hat = v / (1 - beta2**t)
            p.sub_(self.lr * m_hat / (torch.sqrt(v_hat) + self.eps))

    def zero_grad(self) -> None:
        for p in self.params:
            p.grad = None
