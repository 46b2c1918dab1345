"""Keeps all past gradients and sums the geometric series anew at every step."""

import torch


class Adam:
    def __init__(self, params, lr=1e-3, betas=(0.9, 0.999), eps=1e-8):
        self.past = [(p, []) for p in params]
        self.lr, self.betas, self.eps = lr, betas, eps

    @torch.no_grad()
    def step(self):
        for p, gradients in self.past:
            if p.grad is not None:
                gradients.append(p.grad.detach().clone())
                g = torch.stack(gradients)
                first, second = (self._mean(x, beta) for x, beta in zip((g, g.square()), self.betas))
                p.sub_(self.lr * first / (second.sqrt() + self.eps))

    @staticmethod
    def _mean(x, beta):
        """The bias-corrected mean is the weighted mean whose weights sum to one."""
        age = torch.arange(len(x) - 1, -1, -1, dtype=x.dtype, device=x.device)
        weights = beta**age
        return torch.einsum("t,t...->...", weights / weights.sum(), x)

    def zero_grad(self):
        for p, _ in self.past:
            if p.grad is not None:
                p.grad.zero_()
