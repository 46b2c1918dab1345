# mistake: The bias correction divides the stored first moment in place, so from the second step on the running mean is the corrected one.
# line: 37
# bug: m_correction_accumulates
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
        self.params = list(params)
        self.lr = lr
        self.beta1, self.beta2 = betas
        self.eps = eps
        self.m = [torch.zeros_like(p, requires_grad=False) for p in self.params]
        self.v = [torch.zeros_like(p, requires_grad=False) for p in self.params]
        self.t = [0 for _ in self.params]

    def step(self) -> None:
        for i, param in enumerate(self.params):
            if param.grad is None:
                continue
            grad = param.grad.detach()
            self.t[i] += 1
            m, v, t = self.m[i], self.v[i], self.t[i]
            m.mul_(self.beta1)
            m.add_((1 - self.beta1) * grad)
            v.mul_(self.beta2)
            v.add_((1 - self.beta2) * grad * grad)
            m_hat = m.div_(1 - self.beta1**t)
            v_hat = v.div(1 - self.beta2**t)
            update = self.lr * m_hat / (torch.sqrt(v_hat) + self.eps)
            param.data.sub_(update)

    def zero_grad(self) -> None:
        for param in self.params:
            if param.grad is not None:
                param.grad = None
