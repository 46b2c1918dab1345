# mistake: Only the update is inside no_grad and the running means use .grad as it is, so after backward(create_graph=True) they hold on to its graph.
# line: 33
# bug: graph_held
from collections.abc import Iterable

import torch
from torch import Tensor


def ema(old, new, decay):
    return decay * old + (1 - decay) * new


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
        self.betas = betas
        self.eps = eps
        self.m = {id(p): torch.zeros_like(p) for p in self.params}
        self.v = {id(p): torch.zeros_like(p) for p in self.params}
        self.t = {id(p): 0 for p in self.params}

    def step(self) -> None:
        beta1, beta2 = self.betas
        for p in self.params:
            g = p.grad
            if g is None:
                continue
            key = id(p)
            self.t[key] += 1
            self.m[key] = ema(self.m[key], g, beta1)
            self.v[key] = ema(self.v[key], g * g, beta2)
            with torch.no_grad():
                m_hat = self.m[key] / (1 - beta1 ** self.t[key])
                v_hat = self.v[key] / (1 - beta2 ** self.t[key])
                p -= self.lr * m_hat / (v_hat**0.5 + self.eps)

    def zero_grad(self) -> None:
        for p in self.params:
            p.grad = None
