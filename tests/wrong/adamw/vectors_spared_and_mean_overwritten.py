# mistake: Vectors and numbers do not decay; and the bias correction overwrites the stored m.
# bug: vectors_exempt + m_correction_accumulates
# line: 41, 43
import math
from collections.abc import Iterable

import torch
from torch import Tensor


class _Slot:
    def __init__(self, p: Tensor):
        self.p = p
        self.m = torch.zeros_like(p.detach())
        self.v = torch.zeros_like(p.detach())
        self.t = 0


class AdamW:
    def __init__(
        self,
        params: Iterable[Tensor],
        lr: float = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0.01,
    ):
        self.slots = [_Slot(p) for p in params]
        self.lr, self.betas, self.eps, self.wd = lr, betas, eps, weight_decay

    @torch.no_grad()
    def step(self) -> None:
        b1, b2 = self.betas
        for s in self.slots:
            if s.p.grad is None:
                continue
            g = s.p.grad
            s.t += 1
            s.m.lerp_(g, 1 - b1)
            s.v.mul_(b2).addcmul_(g, g, value=1 - b2)
            wd = self.wd if s.p.dim() >= 2 else 0.0
            s.p.mul_(1 - self.lr * wd)
            m_hat = s.m.div_(1 - b1**s.t)
            root = s.v.sqrt() / math.sqrt(1 - b2**s.t)
            s.p.addcdiv_(m_hat, root + self.eps, value=-self.lr)
