# mistake: The moments are stored as attributes of the parameter tensors, so a new optimizer over the same parameters goes on where the old one stopped.
# bug: state_outlives
# line: 24
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
        self.params = [*params]
        self.lr = lr
        self.betas = betas
        self.eps = eps

    def _prepare(self, p: Tensor) -> None:
        if not hasattr(p, "adam_t"):
            p.adam_m = torch.zeros_like(p)
            p.adam_v = torch.zeros_like(p)
            p.adam_t = 0

    @torch.no_grad()
    def step(self) -> None:
        b1, b2 = self.betas
        for p in self.params:
            if p.grad is None:
                continue
            self._prepare(p)
            p.adam_t += 1
            p.adam_m.mul_(b1).add_(p.grad, alpha=1 - b1)
            p.adam_v.mul_(b2).addcmul_(p.grad, p.grad, value=1 - b2)
            numerator = p.adam_m / (1 - b1**p.adam_t)
            denominator = (p.adam_v / (1 - b2**p.adam_t)).sqrt() + self.eps
            p.add_(numerator / denominator, alpha=-self.lr)

    def zero_grad(self) -> None:
        for p in self.params:
            p.grad = None
