# mistake: Grad mode is switched off and then on again by hand, so a step taken inside torch.no_grad() leaves it switched on.
# bug: grad_mode_left_on
# line: 36
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
        self.lr = lr
        self.beta1 = betas[0]
        self.beta2 = betas[1]
        self.eps = eps
        self.table = [[p, torch.zeros_like(p), torch.zeros_like(p), 0] for p in params]

    def step(self) -> None:
        torch.set_grad_enabled(False)
        for row in self.table:
            p, m, v, t = row
            if p.grad is not None:
                t += 1
                row[3] = t
                m.lerp_(p.grad, 1 - self.beta1)
                v.lerp_(p.grad * p.grad, 1 - self.beta2)
                mhat = m / (1 - self.beta1**t)
                vhat = v / (1 - self.beta2**t)
                p.add_(mhat / (vhat.sqrt() + self.eps), alpha=-self.lr)
        torch.set_grad_enabled(True)

    def zero_grad(self) -> None:
        for row in self.table:
            row[0].grad = None
