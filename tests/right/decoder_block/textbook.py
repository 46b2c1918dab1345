"""As in a textbook: scores, softmax, a mask of −∞ that is added."""

import math

import torch
import torch.nn as nn


class MultiHead(nn.Module):
    def __init__(self, d_model, heads):
        super().__init__()
        self.heads, self.d = heads, d_model // heads
        self.w_q = nn.Linear(d_model, d_model)
        self.w_k = nn.Linear(d_model, d_model)
        self.w_v = nn.Linear(d_model, d_model)
        self.w_o = nn.Linear(d_model, d_model)

    def cut(self, t):
        return t.reshape(t.size(0), t.size(1), self.heads, self.d).permute(0, 2, 1, 3)

    def kv(self, source):
        return self.cut(self.w_k(source)), self.cut(self.w_v(source))

    def forward(self, x, k, v, bias):
        scores = torch.matmul(self.cut(self.w_q(x)), k.transpose(-2, -1)) / math.sqrt(self.d)
        weights = torch.softmax(scores + bias, dim=-1)
        out = torch.matmul(weights, v)
        return self.w_o(out.permute(0, 2, 1, 3).reshape(x.size(0), x.size(1), -1))


class DecoderBlock(nn.Module):
    def __init__(self, d_model, n_heads, d_ff):
        super().__init__()
        self.norm1 = nn.LayerNorm(d_model)
        self.self_attn = MultiHead(d_model, n_heads)
        self.norm2 = nn.LayerNorm(d_model)
        self.cross_attn = MultiHead(d_model, n_heads)
        self.norm3 = nn.LayerNorm(d_model)
        self.ff1 = nn.Linear(d_model, d_ff)
        self.ff2 = nn.Linear(d_ff, d_model)

    def forward(self, x, memory=None, valid=None, cache=None):
        batch, new = x.size(0), x.size(1)
        h = self.norm1(x)
        k, v = self.self_attn.kv(h)
        past = 0
        if cache is not None:
            past = cache[0].size(2)
            k, v = torch.cat((cache[0], k), 2), torch.cat((cache[1], v), 2)
            mk, mv = cache[2], cache[3]
        else:
            mk, mv = self.cross_attn.kv(memory)
        triangle = torch.full((new, past + new), float("-inf"), dtype=x.dtype, device=x.device)
        x = x + self.self_attn(h, k, v, torch.triu(triangle, diagonal=past + 1))
        padding = torch.zeros(batch, 1, 1, mk.size(2), dtype=x.dtype, device=x.device)
        if valid is not None:
            padding = padding.masked_fill(valid.logical_not()[:, None, None], float("-inf"))
        x = x + self.cross_attn(self.norm2(x), mk, mv, padding)
        x = x + self.ff2(torch.relu(self.ff1(self.norm3(x))))
        return x, (k, v, mk, mv)
