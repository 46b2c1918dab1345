# mistake: Hidden scores become −10⁴, which is not low enough where scores are large.
# bug: masked_too_weakly
import math

import torch
import torch.nn as nn


class MHA(nn.Module):
    def __init__(self, d_model, n_heads):
        super().__init__()
        self.n_heads, self.d_head = n_heads, d_model // n_heads
        self.w_q = nn.Linear(d_model, d_model)
        self.w_k = nn.Linear(d_model, d_model)
        self.w_v = nn.Linear(d_model, d_model)
        self.w_o = nn.Linear(d_model, d_model)

    def heads(self, t):
        b, n, _ = t.shape
        return t.reshape(b, n, self.n_heads, self.d_head).transpose(1, 2)

    def project(self, source):
        return self.heads(self.w_k(source)), self.heads(self.w_v(source))

    def forward(self, x, k, v, mask=None):
        b, n, width = x.shape
        q = self.heads(self.w_q(x))
        scores = q @ k.transpose(-2, -1) / math.sqrt(self.d_head)
        if mask is not None:
            scores = scores.masked_fill(mask == 0, -1e4)
        weights = torch.softmax(scores, dim=-1)
        out = (weights @ v).transpose(1, 2).reshape(b, n, width)
        return self.w_o(out)


class DecoderBlock(nn.Module):
    def __init__(self, d_model, n_heads, d_ff):
        super().__init__()
        self.self_attn = MHA(d_model, n_heads)
        self.cross_attn = MHA(d_model, n_heads)
        self.ff1 = nn.Linear(d_model, d_ff)
        self.ff2 = nn.Linear(d_ff, d_model)
        self.norm1 = nn.LayerNorm(d_model)
        self.norm2 = nn.LayerNorm(d_model)
        self.norm3 = nn.LayerNorm(d_model)

    def forward(self, x, memory=None, valid=None, cache=None):
        h = self.norm1(x)
        k, v = self.self_attn.project(h)
        if cache is None:
            mem_k, mem_v = self.cross_attn.project(memory)
            start = 0
        else:
            old_k, old_v, mem_k, mem_v = cache
            start = old_k.size(2)
            k, v = torch.cat([old_k, k], dim=2), torch.cat([old_v, v], dim=2)
        i = torch.arange(start, k.size(2), device=x.device)[:, None]
        j = torch.arange(k.size(2), device=x.device)[None, :]
        x = x + self.self_attn(h, k, v, j <= i)
        pad = None if valid is None else valid[:, None, None, :]
        x = x + self.cross_attn(self.norm2(x), mem_k, mem_v, pad)
        x = x + self.ff2(torch.relu(self.ff1(self.norm3(x))))
        return x, (k, v, mem_k, mem_v)
