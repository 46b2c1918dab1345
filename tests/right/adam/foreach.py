"""Lists at once with torch._foreach_*; gradients are zeroed, not dropped; state is made lazily."""

import torch


class Adam:
    def __init__(self, params, lr=1e-3, betas=(0.9, 0.999), eps=1e-8):
        self.params = tuple(params)
        self.lr = lr
        self.b1, self.b2 = betas
        self.eps = eps
        self.state = {}

    def step(self):
        with torch.no_grad():
            live = [p for p in self.params if p.grad is not None]
            if not live:
                return
            for p in live:
                if p not in self.state:
                    self.state[p] = [torch.zeros_like(p), torch.zeros_like(p), 0]
                self.state[p][2] += 1
            grads = [p.grad for p in live]
            ms = [self.state[p][0] for p in live]
            vs = [self.state[p][1] for p in live]
            ts = [self.state[p][2] for p in live]
            torch._foreach_lerp_(ms, grads, 1 - self.b1)
            torch._foreach_mul_(vs, self.b2)
            torch._foreach_addcmul_(vs, grads, grads, 1 - self.b2)
            denominators = torch._foreach_sqrt(torch._foreach_div(vs, [1 - self.b2**t for t in ts]))
            torch._foreach_add_(denominators, self.eps)
            torch._foreach_addcdiv_(live, ms, denominators, [-self.lr / (1 - self.b1**t) for t in ts])

    def zero_grad(self):
        for p in self.params:
            if p.grad is not None:
                p.grad.zero_()
