"""Nothing but Python numbers: every entry of every parameter by itself, in a loop."""

from math import sqrt

import torch


def flat(x):
    return x.detach().reshape(-1).tolist()


class Adam:
    def __init__(self, params, lr=1e-3, betas=(0.9, 0.999), eps=1e-8):
        self.params = [*params]
        self.lr, self.betas, self.eps = lr, betas, eps
        self.m = [[0.0] * p.numel() for p in self.params]
        self.v = [[0.0] * p.numel() for p in self.params]
        self.updates = [0] * len(self.params)

    def step(self):
        b1, b2 = self.betas
        for k in range(len(self.params)):
            p = self.params[k]
            if p.grad is None:
                continue
            self.updates[k] += 1
            c1 = 1 - b1 ** self.updates[k]
            c2 = 1 - b2 ** self.updates[k]
            m, v = self.m[k], self.v[k]
            new = []
            for j, (x, g) in enumerate(zip(flat(p), flat(p.grad))):
                m[j] = b1 * m[j] + (1 - b1) * g
                v[j] = b2 * v[j] + (1 - b2) * g**2
                new.append(x - self.lr * (m[j] / c1) / (sqrt(v[j] / c2) + self.eps))
            p.data.copy_(torch.tensor(new, dtype=p.dtype, device=p.device).view(p.shape))

    def zero_grad(self):
        for p in self.params:
            p.grad = None
