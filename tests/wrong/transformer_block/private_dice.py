# mistake: The dropout masks come from a generator of its own, not from torch's global one.
# bug: own_generator
# line: 21
import torch
from torch import nn
from torch.nn import functional as F


class TransformerBlock(nn.Module):
    def __init__(self, d_model, n_heads, d_ff, dropout=0.1, norm_first=True):
        super().__init__()
        self.n_heads, self.p, self.norm_first = n_heads, dropout, norm_first
        self.w_q, self.w_k, self.w_v, self.w_o = (nn.Linear(d_model, d_model) for _ in range(4))
        self.ff1, self.ff2 = nn.Linear(d_model, d_ff), nn.Linear(d_ff, d_model)
        self.dice = torch.Generator().manual_seed(1)
        self.norm1, self.norm2 = nn.LayerNorm(d_model), nn.LayerNorm(d_model)

    def drop(self, x):
        if not self.training or self.p == 0:
            return x
        kept = torch.rand(x.shape, generator=self.dice) >= self.p
        return x * kept.to(x) / (1 - self.p)

    def attend(self, x, valid, causal):
        B, T, D = x.shape
        q, k, v = (w(x).view(B, T, self.n_heads, -1).transpose(1, 2) for w in (self.w_q, self.w_k, self.w_v))
        scores = q @ k.mT / (D // self.n_heads) ** 0.5
        if valid is not None:
            scores = scores.masked_fill(~valid[:, None, None], float("-inf"))
        if causal:
            scores = scores.masked_fill(torch.ones(T, T, device=x.device).triu(1).bool(), float("-inf"))
        return self.drop(self.w_o((scores.softmax(-1) @ v).transpose(1, 2).reshape(B, T, D)))

    def think(self, x):
        return self.drop(self.ff2(F.gelu(self.ff1(x))))

    def forward(self, x, valid=None, causal=False):
        if self.norm_first:
            x = x + self.attend(self.norm1(x), valid, causal)
            return x + self.think(self.norm2(x))
        x = self.norm1(x + self.attend(x, valid, causal))
        return self.norm2(x + self.think(x))
