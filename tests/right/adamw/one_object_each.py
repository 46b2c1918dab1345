import torch


class Moments:
    """What is remembered of one parameter: corrected means, kept by their weights."""

    def __init__(self, p):
        self.p, self.t = p, 0
        self.sum_g = torch.zeros_like(p, requires_grad=False)
        self.sum_gg = torch.zeros_like(p, requires_grad=False)

    def quotient(self, b1, b2, eps):
        g = self.p.grad.data
        self.t += 1
        self.sum_g, self.sum_gg = b1 * self.sum_g + g, b2 * self.sum_gg + g**2
        weight1 = sum(b1**k for k in range(self.t))
        weight2 = sum(b2**k for k in range(self.t))
        return self.sum_g / weight1 / (torch.sqrt(self.sum_gg / weight2) + eps)


class AdamW:
    """m̂ and v̂ are weighted means, so the factor 1 − β cancels."""

    def __init__(self, params, lr=1e-3, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.01):
        self.moments = [Moments(p) for p in params]
        self.lr, self.betas, self.eps, self.weight_decay = lr, betas, eps, weight_decay

    def step(self):
        for one in self.moments:
            if one.p.grad is None:
                continue
            change = one.quotient(*self.betas, self.eps) + self.weight_decay * one.p.detach()
            with torch.no_grad():
                one.p.add_(change, alpha=-self.lr)
