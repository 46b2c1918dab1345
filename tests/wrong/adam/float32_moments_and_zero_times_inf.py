# mistake: m and v are float32 whatever the parameter is; and zero_grad multiplies by 0, which leaves NaN where there was inf.
# bug: float32_inside + zero_grad_multiplies
# line: 29, 54
from collections.abc import Iterable
from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass
class Slot:
    theta: Tensor
    m: Tensor
    v: Tensor
    t: int = 0


class Adam:
    def __init__(
        self,
        params: Iterable[Tensor],
        lr: float = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
    ):
        self.slots = []
        for theta in params:
            m = torch.zeros(theta.shape, dtype=torch.float32, device=theta.device)
            self.slots.append(Slot(theta, m, m.clone()))
        self.lr = lr
        self.betas = betas
        self.eps = eps

    @torch.no_grad()
    def step(self) -> None:
        beta1, beta2 = self.betas
        for slot in self.slots:
            g = slot.theta.grad
            if g is None:
                continue
            g = g.detach()
            slot.t += 1
            slot.m.lerp_(g.to(slot.m.dtype), 1 - beta1)
            slot.v.lerp_(g.to(slot.v.dtype).square(), 1 - beta2)
            mhat = slot.m / (1 - beta1**slot.t)
            vhat = slot.v / (1 - beta2**slot.t)
            slot.theta -= self.lr * mhat / (vhat.sqrt() + self.eps)

    def zero_grad(self) -> None:
        with torch.no_grad():
            for slot in self.slots:
                if slot.theta.grad is not None:
                    slot.theta.grad = slot.theta.grad.detach() * 0
