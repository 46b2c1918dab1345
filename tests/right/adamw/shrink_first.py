import math

import torch


class AdamW:
    """The decay first, as a factor; state in dicts, made when it is needed; no decorator."""

    def __init__(self, params, lr=1e-3, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.01):
        self.params = [*params]
        self.hyper = lr, *betas, eps, weight_decay
        self.state = {}

    def step(self):
        lr, b1, b2, eps, decay = self.hyper
        for p in self.params:
            if p.grad is not None:
                g = p.grad.detach()
                s = self.state.setdefault(id(p), {"t": 0, "m": torch.zeros_like(g), "v": torch.zeros_like(g)})
                s["t"] += 1
                s["m"] = torch.lerp(s["m"], g, 1 - b1)
                s["v"] = b2 * s["v"] + (1 - b2) * g * g
                c1, c2 = 1 - b1 ** s["t"], 1 - b2 ** s["t"]
                denominator = s["v"].sqrt() / math.sqrt(c2) + eps
                p.data.mul_(1 - lr * decay)
                p.data.addcdiv_(s["m"], denominator, value=-lr / c1)
