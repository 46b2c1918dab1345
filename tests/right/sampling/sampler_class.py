"""A pipeline of small objects, each from probabilities to probabilities."""

import itertools

import torch


def scaled(p):
    return p / p.sum(-1, keepdim=True).clamp(min=torch.finfo(p.dtype).tiny)


class TopK:
    def __init__(self, k):
        self.k = k

    def __call__(self, p):
        order = p.argsort(dim=-1, descending=True, stable=True)
        return scaled(
            torch.zeros_like(p).scatter(-1, order[..., : self.k], p.gather(-1, order)[..., : self.k])
        )


class TopP:
    def __init__(self, p):
        self.p = p

    def __call__(self, p):
        order = p.argsort(dim=-1, descending=True, stable=True)
        q = p.gather(-1, order)
        n = (q.cumsum(-1) < self.p).sum(-1, keepdim=True) + 1
        q = q * (torch.arange(q.shape[-1], device=q.device) < n)
        return scaled(torch.zeros_like(p).scatter(-1, order, q))


class MinP:
    def __init__(self, m):
        self.m = m

    def __call__(self, p):
        return scaled(p * (p >= self.m * p.amax(-1, keepdim=True)))


@torch.inference_mode()
def next_token_probs(
    logits, temperature=1.0, top_k=None, top_p=1.0, min_p=0.0, repetition_penalty=1.0, previous=None
):
    z = logits.clone()
    if previous is not None:
        for where in itertools.product(*map(range, logits.shape[:-1])):
            for token in previous[where].unique().tolist():
                if token >= 0:
                    x = z[(*where, token)].item()
                    z[(*where, token)] = x / repetition_penalty if x > 0 else x * repetition_penalty
    steps = []
    if temperature == 0:
        steps = [TopK(1), lambda p: (p > 0).to(p.dtype)]
        temperature = 1.0
        p = (z == z.amax(-1, keepdim=True)).to(z.dtype) * (z > float("-inf"))
    else:
        z = z / temperature
        e = (z - z.amax(-1, keepdim=True).clamp(min=torch.finfo(z.dtype).min)).exp()
        p = scaled(e)
        steps += [TopK(top_k)] if top_k is not None else []
        steps += [TopP(top_p)] if top_p < 1 else []
        steps += [MinP(min_p)]
    for step in steps:
        p = step(p)
    return p.clone()


def sample(logits, *settings, generator=None, **more):
    if len(settings) == 7:
        *settings, generator = settings
    p = next_token_probs(logits, *settings, **more)
    race = torch.empty_like(p).exponential_(generator=generator)
    tokens = (p / race).argmax(-1)
    return torch.where(p.sum(-1) > 0, tokens, torch.full_like(tokens, -1))
