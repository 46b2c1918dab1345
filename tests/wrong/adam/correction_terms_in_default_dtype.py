# mistake: The powers of the betas are taken as a float32 tensor, so the bias correction of float64 parameters is only good to seven digits.
# line: 20
# bug: float32_correction
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
        self.params = [p for p in params]
        self.lr = lr
        self.betas = torch.tensor(betas)
        self.eps = eps
        self.count = [0] * len(self.params)
        self.first = [torch.zeros_like(p) for p in self.params]
        self.second = [torch.zeros_like(p) for p in self.params]
        self.beta1, self.beta2 = betas

    def step(self) -> None:
        with torch.no_grad():
            for i, p in enumerate(self.params):
                if p.grad is None:
                    continue
                self.count[i] += 1
                self.first[i] = self.beta1 * self.first[i] + (1 - self.beta1) * p.grad
                self.second[i] = self.beta2 * self.second[i] + (1 - self.beta2) * p.grad**2
                corr1, corr2 = 1 - self.betas ** self.count[i]
                m_hat = self.first[i] / corr1.to(p.device)
                v_hat = self.second[i] / corr2.to(p.device)
                p -= self.lr * m_hat / (v_hat.sqrt() + self.eps)

    def zero_grad(self) -> None:
        for p in self.params:
            if p.grad is not None:
                p.grad = torch.zeros_like(p.grad)
