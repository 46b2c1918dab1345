"""Einsum throughout, layer norm by hand, keys kept in a buffer that is made anew."""

import torch
from torch import nn


class Norm(nn.Module):
    def __init__(self, d):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(d))
        self.bias = nn.Parameter(torch.zeros(d))

    def forward(self, x):
        centred = x - x.mean(-1, keepdim=True)
        return centred * (centred.pow(2).mean(-1, keepdim=True) + 1e-5).rsqrt() * self.weight + self.bias


class Attend(nn.Module):
    def __init__(self, d, h):
        super().__init__()
        self.h = h
        self.w_q, self.w_k, self.w_v, self.w_o = (nn.Linear(d, d) for _ in range(4))

    def project(self, layer, x):
        w = layer.weight.unflatten(0, (self.h, -1))  # (H, d, D)
        b = layer.bias.unflatten(0, (self.h, 1, -1))  # (H, 1, d)
        return torch.einsum("btD,hdD->bhtd", x, w) + b

    def forward(self, x, k, v, hidden):
        q = self.project(self.w_q, x)
        scores = torch.einsum("bhtd,bhsd->bhts", q, k).div(q.size(-1) ** 0.5)
        weights = torch.where(hidden, torch.finfo(x.dtype).min, scores).softmax(-1)
        return self.w_o(torch.einsum("bhts,bhsd->bthd", weights, v).flatten(-2))


class DecoderBlock(nn.Module):
    def __init__(self, d_model, n_heads, d_ff):
        super().__init__()
        self.self_attn = Attend(d_model, n_heads)
        self.cross_attn = Attend(d_model, n_heads)
        self.ff1 = nn.Linear(d_model, d_ff)
        self.ff2 = nn.Linear(d_ff, d_model)
        self.norm1, self.norm2, self.norm3 = Norm(d_model), Norm(d_model), Norm(d_model)

    def forward(self, x, memory=None, valid=None, cache=None):
        a, c = self.self_attn, self.cross_attn
        h = self.norm1(x)
        fresh = [a.project(layer, h) for layer in (a.w_k, a.w_v)]
        if cache is None:
            cache = *(part[:, :, :0] for part in fresh), c.project(c.w_k, memory), c.project(c.w_v, memory)
        grown = []
        for old, new in zip(cache[:2], fresh, strict=True):
            room = new.new_empty(*new.shape[:2], old.shape[2] + new.shape[2], new.shape[3])
            room[:, :, : old.shape[2]] = old
            room[:, :, old.shape[2] :] = new
            grown.append(room)
        keys = torch.arange(grown[0].shape[2], device=x.device)
        later = keys > keys[-x.shape[1] :, None]
        y = x + a(h, *grown, later)
        padding = torch.zeros_like(x[:1, :1, :1], dtype=torch.bool) if valid is None else ~valid[:, None]
        z = y + c(self.norm2(y), *cache[2:], padding[:, None])
        return z + self.ff2(self.ff1(self.norm3(z)).relu()), (*grown, *cache[2:])
