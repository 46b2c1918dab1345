# mistake: Grad mode is switched off and then always on, also for a caller who had it off.
# bug: grad_mode_left_on
# line: 48
from collections.abc import Iterable

import torch
from torch import Tensor


class AdamW:
    def __init__(
        self,
        params: Iterable[Tensor],
        lr: float = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0.01,
    ):
        self.hyper = dict(lr=lr, betas=betas, eps=eps, wd=weight_decay)
        self.state = [
            {
                "param": p,
                "step": 0,
                "exp_avg": torch.zeros_like(p.detach()),
                "exp_avg_sq": torch.zeros_like(p.detach()),
            }
            for p in params
        ]

    def _update(self, st: dict) -> None:
        p = st["param"]
        if p.grad is None:
            return
        lr, (beta1, beta2) = self.hyper["lr"], self.hyper["betas"]
        g = p.grad.detach()
        st["step"] += 1
        st["exp_avg"].mul_(beta1).add_((1 - beta1) * g)
        st["exp_avg_sq"].mul_(beta2).add_((1 - beta2) * g.square())
        m_hat = st["exp_avg"] / (1 - beta1 ** st["step"])
        v_hat = st["exp_avg_sq"] / (1 - beta2 ** st["step"])
        p.mul_(1 - lr * self.hyper["wd"])
        p.add_(-lr * (m_hat / (v_hat.sqrt() + self.hyper["eps"])))

    def step(self) -> None:
        torch.set_grad_enabled(False)
        for st in self.state:
            self._update(st)
        torch.set_grad_enabled(True)
