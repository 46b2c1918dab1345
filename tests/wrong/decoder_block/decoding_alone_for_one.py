# mistake: A call with a cache leaves the feed-forward layer away for all tokens but the last.
import torch
import torch.nn as nn
import torch.nn.functional as F


class Attn(nn.Module):
    def __init__(self, n, h):
        super().__init__()
        self.h = h
        self.w_q, self.w_k = nn.Linear(n, n), nn.Linear(n, n)
        self.w_v, self.w_o = nn.Linear(n, n), nn.Linear(n, n)

    def kv(self, s):
        f = lambda w: w(s).view(s.size(0), s.size(1), self.h, -1).permute(0, 2, 1, 3)  # noqa: E731
        return f(self.w_k), f(self.w_v)

    def forward(self, x, k, v, block):
        q = self.w_q(x).view(x.size(0), x.size(1), self.h, -1).permute(0, 2, 1, 3)
        s = torch.einsum("bhqd,bhkd->bhqk", q, k) * q.size(-1) ** -0.5
        p = F.softmax(s.masked_fill(block, -torch.inf), -1)
        return self.w_o(torch.einsum("bhqk,bhkd->bqhd", p, v).reshape(x.shape))


class DecoderBlock(nn.Module):
    def __init__(self, d_model, n_heads, d_ff):
        super().__init__()
        self.self_attn, self.cross_attn = Attn(d_model, n_heads), Attn(d_model, n_heads)
        self.ff1, self.ff2 = nn.Linear(d_model, d_ff), nn.Linear(d_ff, d_model)
        self.norm1, self.norm2, self.norm3 = (nn.LayerNorm(d_model) for _ in "123")

    def forward(self, x, memory=None, valid=None, cache=None):
        h = self.norm1(x)
        k, v = self.self_attn.kv(h)
        if cache is None:
            mk, mv = self.cross_attn.kv(memory)
        else:
            k, v = torch.cat((cache[0], k), 2), torch.cat((cache[1], v), 2)
            mk, mv = cache[2:]
        where = torch.arange(k.size(2), device=x.device)
        x = x + self.self_attn(h, k, v, where > where[-x.size(1) :, None])
        pad = torch.zeros(1, dtype=torch.bool, device=x.device) if valid is None else ~valid[:, None, None]
        x = x + self.cross_attn(self.norm2(x), mk, mv, pad)
        z = self.ff2(F.relu(self.ff1(self.norm3(x))))
        if cache is not None:
            z = F.pad(z[:, -1:], (0, 0, z.size(1) - 1, 0))
        return x + z, (k, v, mk, mv)
