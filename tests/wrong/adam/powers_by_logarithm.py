# mistake: βᵗ is computed as exp(t · ln β), which has no answer for a β of 0.
# line: 25
import math

import torch


class Adam:
    def __init__(self, params, lr=1e-3, betas=(0.9, 0.999), eps=1e-8):
        self.params = list(params)
        self.lr, self.betas, self.eps = lr, betas, eps
        self.t = [0] * len(self.params)
        self.m = [torch.zeros_like(p) for p in self.params]
        self.v = [torch.zeros_like(p) for p in self.params]

    @torch.no_grad()
    def step(self):
        b1, b2 = self.betas
        for i, p in enumerate(self.params):
            if p.grad is None:
                continue
            self.t[i] += 1
            self.m[i].lerp_(p.grad, 1 - b1)
            self.v[i].lerp_(p.grad * p.grad, 1 - b2)
            m_hat, v_hat = (
                s / (1 - math.exp(self.t[i] * math.log(b))) for s, b in ((self.m[i], b1), (self.v[i], b2))
            )
            p -= self.lr * m_hat / (v_hat.sqrt() + self.eps)

    def zero_grad(self):
        for p in self.params:
            p.grad = None
