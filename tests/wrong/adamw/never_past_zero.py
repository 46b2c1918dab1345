# mistake: The decay is held at zero, so a parameter never changes its sign however large lr · λ is.
# line: 24
import torch


class AdamW:
    def __init__(self, params, lr=1e-3, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.01):
        self.params = list(params)
        self.lr, self.betas, self.eps, self.wd = lr, betas, eps, weight_decay
        self.t = [0] * len(self.params)
        self.m = [torch.zeros_like(p) for p in self.params]
        self.v = [torch.zeros_like(p) for p in self.params]

    @torch.no_grad()
    def step(self):
        b1, b2 = self.betas
        for i, p in enumerate(self.params):
            g = p.grad
            if g is None:
                continue
            self.t[i] += 1
            self.m[i].lerp_(g, 1 - b1)
            self.v[i].lerp_(g * g, 1 - b2)
            p.mul_(max(0.0, 1 - self.lr * self.wd))
            root = (self.v[i] / (1 - b2 ** self.t[i])).sqrt()
            p.sub_(self.lr / (1 - b1 ** self.t[i]) * self.m[i] / (root + self.eps))
