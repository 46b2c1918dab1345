# mistake: The running sum of gradients begins as the first .grad itself, so the second step edits a gradient that was given earlier.
# line: 26
import torch


class Adam:
    def __init__(self, params, lr=1e-3, betas=(0.9, 0.999), eps=1e-8):
        self.params = list(params)
        self.lr, self.betas, self.eps = lr, betas, eps
        self.state = {}

    @torch.no_grad()
    def step(self):
        b1, b2 = self.betas
        for i, p in enumerate(self.params):
            if p.grad is None:
                continue
            g = p.grad
            if i not in self.state:
                self.state[i] = [1, g.detach(), g.detach() ** 2]
                t, s, r = self.state[i]
            else:
                state = self.state[i]
                state[0] += 1
                t, s, r = state
                s.mul_(b1).add_(g)
                r.mul_(b2).add_(g * g)
            mean = s * ((1 - b1) / (1 - b1**t))
            square = r * ((1 - b2) / (1 - b2**t))
            p.sub_(self.lr * mean / (square.sqrt() + self.eps))

    def zero_grad(self):
        for p in self.params:
            p.grad = None
