from collections.abc import Iterable

import torch
from torch import Tensor


class _Mean:
    """A bias-corrected running mean, kept corrected.

    With w_t = 1 + beta + ... + beta^(t-1), the corrected mean is the plain weighted mean
    sum(beta^(t-i) x_i) / w_t, hence mean_t = mean_{t-1} + (x_t - mean_{t-1}) / w_t.
    """

    def __init__(self, beta):
        self.beta = beta
        self.weight = 0.0
        self.value = None

    def __call__(self, x: Tensor) -> Tensor:
        self.weight = self.beta * self.weight + 1.0
        if self.value is None:
            self.value = torch.clone(x)
        else:
            self.value = self.value + (x - self.value) / self.weight
        return self.value


class Adam:
    def __init__(
        self,
        params: Iterable[Tensor],
        lr: float = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
    ):
        self.items = [(p, _Mean(betas[0]), _Mean(betas[1])) for p in params]
        self.move = lambda top, bottom: top.div(bottom.sqrt().add(eps)).mul(-lr)

    def step(self) -> None:
        with torch.inference_mode(False), torch.no_grad():
            for p, mean, mean_square in self.items:
                if p.grad is None:
                    continue
                g = p.grad.detach()
                p[...] += self.move(mean(g), mean_square(torch.square(g)))

    def zero_grad(self) -> None:
        for p, *_ in self.items:
            del p.grad
