"""One sequence, one token, one head at a time; a token looks at a slice of the keys, so no mask is needed."""

import torch
from torch import nn


def look(q, k, v):
    scores = (k * q).sum(-1) / q.numel() ** 0.5
    weights = (scores - scores.max().detach()).exp()
    return (weights[:, None] * v).sum(0) / weights.sum()


class Weights(nn.Module):
    def __init__(self, d):
        super().__init__()
        for name in "qkvo":
            setattr(self, f"w_{name}", nn.Linear(d, d))


class DecoderBlock(nn.Module):
    def __init__(self, d_model, n_heads, d_ff):
        super().__init__()
        self.h = n_heads
        self.self_attn, self.cross_attn = Weights(d_model), Weights(d_model)
        self.ff1, self.ff2 = nn.Linear(d_model, d_ff), nn.Linear(d_ff, d_model)
        for i in "123":
            setattr(self, f"norm{i}", nn.LayerNorm(d_model))

    def heads(self, x):
        return torch.stack(x.chunk(self.h, dim=-1), dim=1)

    def token(self, weights, x, k, v):
        """x (D), k and v (H, L, d)"""
        queries = weights.w_q(x).chunk(self.h)
        return weights.w_o(torch.cat([look(queries[i], k[i], v[i]) for i in range(self.h)]))

    def forward(self, x, memory=None, valid=None, cache=None):
        mine, other = self.self_attn, self.cross_attn
        if cache is None:
            mk, mv = self.heads(other.w_k(memory)), self.heads(other.w_v(memory))
            k, v = mk[:, :, :0], mv[:, :, :0]
        else:
            k, v, mk, mv = cache
        start = k.shape[2]
        n = self.norm1(x)
        k = torch.cat([k, self.heads(mine.w_k(n))], dim=2)
        v = torch.cat([v, self.heads(mine.w_v(n))], dim=2)
        rows = []
        for b in range(len(x)):
            chosen = slice(None) if valid is None else torch.nonzero(valid[b])[:, 0]
            for t in range(x.shape[1]):
                y = x[b, t]
                y = y + self.token(mine, n[b, t], k[b, :, : start + t + 1], v[b, :, : start + t + 1])
                y = y + self.token(other, self.norm2(y), mk[b][:, chosen], mv[b][:, chosen])
                rows.append(y + self.ff2(self.ff1(self.norm3(y)).clamp(min=0)))
        return torch.stack(rows).view_as(x), (k, v, mk, mv)
