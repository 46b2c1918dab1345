# mistake: zero_grad gives a gradient of zeros to parameters that had none, so the next step no longer skips them.
# line: 37
# bug: zero_grad_invents
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
        self.weights = list(params)
        self.lr, self.eps = lr, eps
        self.rho1, self.rho2 = betas
        self.memory = {w: dict(mu=torch.zeros_like(w), nu=torch.zeros_like(w), age=0) for w in self.weights}

    def step(self) -> None:
        for w, mem in self.memory.items():
            if w.grad is None:
                continue
            with torch.no_grad():
                mem["age"] += 1
                mem["mu"] = self.rho1 * mem["mu"] + (1 - self.rho1) * w.grad
                mem["nu"] = self.rho2 * mem["nu"] + (1 - self.rho2) * w.grad.pow(2)
                mu_hat = mem["mu"] / (1 - self.rho1 ** mem["age"])
                nu_hat = mem["nu"] / (1 - self.rho2 ** mem["age"])
                w.copy_(w - self.lr * mu_hat / (nu_hat.sqrt() + self.eps))

    def zero_grad(self) -> None:
        for w in self.weights:
            w.grad = torch.zeros_like(w)
