from collections.abc import Iterable

import torch
from torch import Tensor


class Adam(torch.optim.Optimizer):
    """The base class keeps the parameters; the arithmetic is multi-tensor."""

    def __init__(
        self,
        params: Iterable[Tensor],
        lr: float = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
    ):
        super().__init__(params, dict(lr=lr, betas=betas, eps=eps))

    @torch.no_grad()
    def step(self) -> None:
        for group in self.param_groups:
            b1, b2 = group["betas"]
            live = [p for p in group["params"] if p.grad is not None]
            if not live:
                continue
            for p in live:
                if not self.state[p]:
                    self.state[p].update(t=0, m=torch.zeros_like(p), v=torch.zeros_like(p))
                self.state[p]["t"] += 1
            grads = [p.grad for p in live]
            ms = [self.state[p]["m"] for p in live]
            vs = [self.state[p]["v"] for p in live]
            ages = [self.state[p]["t"] for p in live]

            torch._foreach_lerp_(ms, grads, 1 - b1)
            torch._foreach_mul_(vs, b2)
            torch._foreach_addcmul_(vs, grads, grads, 1 - b2)

            down = torch._foreach_div(vs, [1 - b2**t for t in ages])
            torch._foreach_sqrt_(down)
            torch._foreach_add_(down, group["eps"])
            torch._foreach_addcdiv_(live, ms, down, [-group["lr"] / (1 - b1**t) for t in ages])

    def zero_grad(self) -> None:
        for group in self.param_groups:
            for p in group["params"]:
                if p.grad is not None:
                    p.grad = torch.zeros_like(p.grad)
