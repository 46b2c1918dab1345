"""All parameters as one vector; a mask says who takes part, a vector of counts replaces t."""

import torch


class Adam:
    def __init__(self, params, lr=1e-3, betas=(0.9, 0.999), eps=1e-8):
        self.params = list(params)
        self.sizes = [p.numel() for p in self.params]
        self.hyper = lr, betas, eps
        self.m = self.v = self.t = None

    def _joined(self, tensors):
        widest = torch.float64 if any(p.dtype == torch.float64 for p in self.params) else self.params[0].dtype
        return torch.cat([x.detach().reshape(-1).to(widest) for x in tensors])

    @torch.no_grad()
    def step(self):
        lr, (b1, b2), eps = self.hyper
        theta = self._joined(self.params)
        g = self._joined([torch.zeros_like(p) if p.grad is None else p.grad for p in self.params])
        on = self._joined([torch.full_like(p, p.grad is not None) for p in self.params]).bool()
        if self.m is None:
            self.m, self.v, self.t = torch.zeros_like(g), torch.zeros_like(g), torch.zeros_like(g)
        self.t = self.t + on
        self.m = torch.where(on, b1 * self.m + (1 - b1) * g, self.m)
        self.v = torch.where(on, b2 * self.v + (1 - b2) * g * g, self.v)
        t = self.t.clamp(min=1)
        m_hat = self.m / (1 - b1**t)
        v_hat = self.v / (1 - b2**t)
        theta = torch.where(on, theta - lr * m_hat / (torch.sqrt(v_hat) + eps), theta)
        for p, new in zip(self.params, theta.split(self.sizes)):
            p.copy_(new.view_as(p))

    def zero_grad(self):
        for p in self.params:
            p.grad = None if p.grad is None else torch.zeros_like(p)
