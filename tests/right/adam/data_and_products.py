"""The old way: .data everywhere and no no_grad; powers of β as running products; moments out of place."""

from dataclasses import dataclass, field
from itertools import count

import torch


@dataclass
class Memory:
    m: object = 0
    v: object = 0
    beta1_t: float = 1.0
    beta2_t: float = 1.0
    ticks: object = field(default_factory=lambda: count(1))


class Adam(object):
    def __init__(self, params, lr=0.001, betas=(0.9, 0.999), eps=0.00000001):
        self.slots = {}
        for p in params:
            self.slots[id(p)] = (p, Memory())
        self.lr = lr
        self.betas = betas
        self.eps = eps

    def step(self):
        for p, memory in self.slots.values():
            if p.grad is not None:
                self._update(p, p.grad.data, memory)

    def _update(self, p, grad, memory):
        next(memory.ticks)
        memory.beta1_t *= self.betas[0]
        memory.beta2_t *= self.betas[1]
        memory.m = self.betas[0] * memory.m + (1.0 - self.betas[0]) * grad
        memory.v = self.betas[1] * memory.v + (1.0 - self.betas[1]) * torch.pow(grad, 2)
        m_hat = memory.m / (1.0 - memory.beta1_t)
        v_hat = memory.v / (1.0 - memory.beta2_t)
        p.data.copy_(p.data - self.lr * m_hat / (torch.sqrt(v_hat) + self.eps))

    def zero_grad(self):
        for p, _ in self.slots.values():
            if p.grad is not None:
                p.grad = torch.zeros_like(p.grad)
