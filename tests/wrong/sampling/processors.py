# mistake: min_p comes before top_p, and at temperature 0 equal logits share: two mistakes.
import torch

NEG = -float("inf")


class Penalty:
    def __init__(self, theta, previous):
        self.theta, self.previous = theta, previous

    def __call__(self, z):
        if self.previous is None:
            return z
        hot = (self.previous[..., None] == torch.arange(z.shape[-1])).any(-2)
        return torch.where(hot, torch.where(z > 0, z / self.theta, z * self.theta), z)


class Temperature:
    def __init__(self, t):
        self.t = t

    def __call__(self, z):
        return z / max(self.t, 1e-9)


class MinP:
    def __init__(self, m):
        self.m = m

    def __call__(self, z):
        p = z.softmax(-1)
        return z.masked_fill(p < self.m * p.amax(-1, keepdim=True), NEG)


class TopK:
    def __init__(self, k):
        self.k = k

    def __call__(self, z):
        if self.k is None:
            return z
        order = z.sort(-1, descending=True, stable=True).indices
        cut = torch.ones_like(z, dtype=torch.bool).scatter(-1, order[..., : self.k], False)
        return z.masked_fill(cut, NEG)


class TopP:
    def __init__(self, p):
        self.p = p

    def __call__(self, z):
        if self.p >= 1:
            return z
        value, order = z.sort(-1, descending=True, stable=True)
        q = value.softmax(-1)
        cut = q.cumsum(-1) - q >= self.p
        cut[..., 0] = False
        return z.masked_fill(cut.scatter(-1, order, cut), NEG)


def next_token_probs(
    logits, temperature=1.0, top_k=None, top_p=1.0, min_p=0.0, repetition_penalty=1.0, previous=None
):
    z = logits
    for step in (
        Penalty(repetition_penalty, previous),
        Temperature(temperature),
        TopK(top_k),
        MinP(min_p),
        TopP(top_p),
    ):
        z = step(z)
    return z.softmax(-1).nan_to_num(0.0)


def sample(
    logits,
    temperature=1.0,
    top_k=None,
    top_p=1.0,
    min_p=0.0,
    repetition_penalty=1.0,
    previous=None,
    generator=None,
):
    p = next_token_probs(logits, temperature, top_k, top_p, min_p, repetition_penalty, previous)
    dead = p.sum(-1) == 0
    p = torch.where(dead[..., None], torch.ones_like(p), p)
    t = torch.multinomial(p.view(-1, p.shape[-1]), 1, generator=generator).view(p.shape[:-1])
    return torch.where(dead, -1, t)
