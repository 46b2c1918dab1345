# mistake: The mask of the source is kept in the block, and used when none is given.
import torch
from torch import nn
from torch.nn import functional as F


class Looker(nn.Module):
    def __init__(self, width, heads):
        super().__init__()
        self.heads = heads
        for letter in "qkvo":
            self.add_module(f"w_{letter}", nn.Linear(width, width))

    def source(self, s):
        return [torch.stack(w(s).chunk(self.heads, -1), 1) for w in (self.w_k, self.w_v)]

    def forward(self, x, k, v, seen):
        q = torch.stack(self.w_q(x).chunk(self.heads, -1), 1)
        out = F.scaled_dot_product_attention(q, k, v, attn_mask=seen)
        return self.w_o(torch.cat(out.unbind(1), -1))


class DecoderBlock(nn.Module):
    valid = None

    def __init__(self, d_model, n_heads, d_ff):
        super().__init__()
        self.self_attn, self.cross_attn = Looker(d_model, n_heads), Looker(d_model, n_heads)
        self.ff1, self.ff2 = nn.Linear(d_model, d_ff), nn.Linear(d_ff, d_model)
        self.norm1, self.norm2, self.norm3 = (nn.LayerNorm(d_model) for _ in range(3))

    def forward(self, x, memory=None, valid=None, cache=None):
        if valid is not None:
            self.valid = valid
        elif cache is None or self.valid is None or len(self.valid) != len(x):
            self.valid = None
        *past, mk, mv = cache if cache is not None else [None, None, *self.cross_attn.source(memory)]
        h = self.norm1(x)
        k, v = self.self_attn.source(h)
        if cache is not None:
            k, v = torch.cat([past[0], k], 2), torch.cat([past[1], v], 2)
        old = k.shape[2] - x.shape[1]
        band = torch.ones(x.shape[1], k.shape[2], dtype=torch.bool, device=x.device).tril(old)
        y = x + self.self_attn(h, k, v, band)
        seen = None if self.valid is None else self.valid[:, None, None]
        z = y + self.cross_attn(self.norm2(y), mk, mv, seen)
        return z + self.ff2(self.ff1(self.norm3(z)).relu()), (k, v, mk, mv)
