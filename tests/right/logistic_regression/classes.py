"""A neuron as a class; in-place work on its own tensors."""

import torch


class Neuron:
    def __init__(self, w, b):
        self.w, self.b = w.clone(), b.clone()

    def logits(self, x):
        return torch.addmv(self.b.expand(len(x)), x, self.w)

    def p(self, x):
        z = self.logits(x)
        small = z.abs().neg().exp()
        big = small.add(1).reciprocal()
        out = small.mul(big)
        out[z > 0] = big[z > 0]
        out[z == 0] = 0.5
        return out

    def step(self, x, y, lr, l2):
        gw, gb = self.slopes(x, y, l2)
        self.w.sub_(gw, alpha=lr)
        self.b.sub_(gb, alpha=lr)

    def slopes(self, x, y, l2):
        e = self.p(x).sub_(y)
        return (e[:, None] * x).mean(0).add_(self.w, alpha=l2), e.mean()

    def cost(self, x, y, l2):
        z = self.logits(x)
        against = torch.where(y.bool(), z.neg(), z)
        small = against.abs().neg().exp().log1p()
        return (against.clamp_min(0) + small).mean().add(self.w.square().sum(), alpha=l2 / 2)


def probabilities(x, w, b):
    return Neuron(w, b).p(x)


def loss(x, y, w, b, l2=0.0):
    return Neuron(w, b).cost(x, y, l2)


def gradients(x, y, w, b, l2=0.0):
    return Neuron(w, b).slopes(x, y, l2)


def fit(x, y, lr, steps, l2=0.0):
    neuron = Neuron(torch.zeros_like(x[0]), torch.zeros_like(x[0, 0]))
    while steps:
        neuron.step(x, y, lr, l2)
        steps -= 1
    return neuron.w, neuron.b


def predict(x, w, b, threshold=0.5):
    return 1 - (Neuron(w, b).p(x) < threshold).long()


def best_threshold(p, y, cost_fp=1.0, cost_fn=1.0):
    levels = torch.unique(torch.cat([p, torch.full_like(p[:1], torch.inf)]))
    says = (p[None] >= levels[:, None]).double()
    truth = y.double()
    cost = says @ (1 - truth) * cost_fp + (1 - says) @ truth * cost_fn
    return levels[len(levels) - 1 - int(cost.flip(0).argmin())]
