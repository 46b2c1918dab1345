"""Free functions; keys are scaled instead of scores, and each head adds its own part of the output."""

import torch
from torch import nn
from torch.nn.functional import linear


def heads_of(x, n):
    return torch.movedim(x.reshape(*x.shape[:2], n, x.shape[2] // n), 2, 1)


def attend(q, k, v, hidden):
    scores = q @ (k / k.shape[-1] ** 0.5).transpose(2, 3)
    if hidden is not None:
        scores = torch.where(hidden[:, None, None], -torch.inf, scores)
    top = scores.amax(-1, keepdim=True).detach()
    weights = (scores - top).exp()
    return (weights @ v) / weights.sum(-1, keepdim=True)


class Weight(nn.Module):
    def __init__(self, out, inputs):
        super().__init__()
        bound = inputs**-0.5
        self.weight = nn.Parameter(torch.empty(out, inputs).uniform_(-bound, bound))


class CrossAttention(nn.Module):
    def __init__(self, d_model, n_heads, d_memory=None):
        if d_model % n_heads:
            raise ValueError("heads do not fit")
        super().__init__()
        self.n = n_heads
        d_memory = d_memory if d_memory is not None else d_model
        self.w_o, self.w_v = Weight(d_model, d_model), Weight(d_model, d_memory)
        self.w_k, self.w_q = Weight(d_model, d_memory), Weight(d_model, d_model)

    def encode(self, memory):
        both = linear(memory, torch.cat((self.w_k.weight, self.w_v.weight)))
        k, v = both.chunk(2, dim=-1)
        return heads_of(k, self.n), heads_of(v, self.n)

    def forward(self, x, memory=None, valid=None, cache=None):
        k, v = cache if cache is not None else self.encode(memory)
        out = attend(heads_of(linear(x, self.w_q.weight), self.n), k, v, None if valid is None else ~valid)
        parts = self.w_o.weight.chunk(self.n, dim=1)
        return sum(linear(out[:, h], part) for h, part in enumerate(parts))
