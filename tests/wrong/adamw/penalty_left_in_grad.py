# mistake: λθ is added into .grad itself, which every later reader sees.
# bug: l2_edits_gradient
# line: 25
import torch


class AdamW:
    def __init__(self, params, lr=1e-3, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.01):
        self.params = list(params)
        self.lr, (self.b1, self.b2), self.eps, self.wd = lr, betas, eps, weight_decay
        self.state = [{"t": 0, "m": torch.zeros_like(p), "v": torch.zeros_like(p)} for p in self.params]

    def quotient(self, s, g):
        s["t"] += 1
        s["m"] = self.b1 * s["m"] + (1 - self.b1) * g
        s["v"] = self.b2 * s["v"] + (1 - self.b2) * g**2
        m_hat, v_hat = s["m"] / (1 - self.b1 ** s["t"]), s["v"] / (1 - self.b2 ** s["t"])
        return m_hat / (v_hat.sqrt() + self.eps)

    def step(self):
        with torch.no_grad():
            for p, s in zip(self.params, self.state):
                if p.grad is None:
                    continue
                p.grad += self.wd * p
                p -= self.lr * self.quotient(s, p.grad)
