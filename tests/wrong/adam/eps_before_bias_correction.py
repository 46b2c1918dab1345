# mistake: Epsilon is added to the root of the uncorrected second moment, so the correction scales it too and the first steps see a far larger epsilon.
# line: 38
# bug: eps_before_correction
from collections.abc import Iterable
import math

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
        self.params = list(params)
        self.lr = lr
        self.b1, self.b2 = betas
        self.eps = eps
        self.state = [{"avg": torch.zeros_like(p), "sq": torch.zeros_like(p), "n": 0} for p in self.params]

    @torch.no_grad()
    def step(self) -> None:
        for p, s in zip(self.params, self.state):
            if p.grad is None:
                continue
            g = p.grad
            s["n"] += 1
            s["avg"].mul_(self.b1).add_(g, alpha=1 - self.b1)
            s["sq"].mul_(self.b2).addcmul_(g, g, value=1 - self.b2)
            c1 = 1 - self.b1 ** s["n"]
            c2 = 1 - self.b2 ** s["n"]
            # one fused step size instead of two corrected tensors
            step_size = self.lr * math.sqrt(c2) / c1
            p.addcdiv_(s["avg"], s["sq"].sqrt().add_(self.eps), value=-step_size)

    def zero_grad(self) -> None:
        for p in self.params:
            p.grad = None
