import math

import torch
from torch import nn


class TransformerBlock(nn.Module):
    """Attention with additive masks, layer norm, GELU and dropout written out."""

    def __init__(self, d_model, n_heads, d_ff, dropout=0.1, norm_first=True):
        super().__init__()
        self.h, self.p, self.pre = n_heads, dropout, norm_first
        for name in ("w_q", "w_k", "w_v", "w_o"):
            setattr(self, name, nn.Linear(d_model, d_model))
        self.norm1, self.norm2 = nn.LayerNorm(d_model), nn.LayerNorm(d_model)
        self.ff1, self.ff2 = nn.Linear(d_model, d_ff), nn.Linear(d_ff, d_model)

    def normed(self, x, norm):
        x = x - x.mean(-1, keepdim=True)
        return x * torch.rsqrt((x * x).mean(-1, keepdim=True) + norm.eps) * norm.weight + norm.bias

    def drop(self, x):
        if not self.training or self.p == 0:
            return x
        return x * torch.rand_like(x).ge(self.p) / (1 - self.p)

    def heads(self, layer, x):
        b, t, d = x.shape
        return layer(x).reshape(b, t, self.h, d // self.h).permute(0, 2, 1, 3)

    def attend(self, x, bias):
        q, k, v = (self.heads(w, x) for w in (self.w_q, self.w_k, self.w_v))
        scores = torch.einsum("bhid,bhjd->bhij", q, k) / math.sqrt(q.shape[-1]) + bias
        mixed = torch.einsum("bhij,bhjd->bihd", scores.softmax(-1), v)
        return self.w_o(mixed.reshape(x.shape))

    def think(self, x):
        z = self.ff1(x)
        return self.ff2(z * 0.5 * (1 + torch.erf(z / math.sqrt(2))))

    def forward(self, x, valid=None, causal=False):
        b, t, _ = x.shape
        bias = x.new_zeros(b, 1, t, t)
        if valid is not None:
            bias = bias.masked_fill(~valid.reshape(b, 1, 1, t), -torch.inf)
        if causal:
            later = torch.arange(t, device=x.device)[:, None] < torch.arange(t, device=x.device)
            bias = bias.masked_fill(later, -torch.inf)
        for branch, norm in ((lambda y: self.attend(y, bias), self.norm1), (self.think, self.norm2)):
            if self.pre:
                x = x + self.drop(branch(self.normed(x, norm)))
            else:
                x = self.normed(x + self.drop(branch(x)), norm)
        return x
