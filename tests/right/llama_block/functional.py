"""Parts as small modules, heads expanded by a view, a table of angles that is made for each call."""

import math

import torch
from torch import nn


class Norm(nn.Module):
    def __init__(self, size, eps):
        super().__init__()
        self.register_parameter("weight", nn.Parameter(torch.ones(size)))
        self.eps = eps

    def forward(self, x):
        wide = x.to(torch.float32) if x.dtype in (torch.float16, torch.bfloat16) else x
        rms = (wide.square().mean(dim=-1, keepdim=True) + self.eps) ** 0.5
        return (wide / rms).type_as(x).mul(self.weight)


def table(base, d, start, stop, like):
    kind = torch.float64 if like.dtype == torch.float64 else torch.float32
    theta = torch.exp(torch.arange(0, d, 2, device=like.device, dtype=kind) * (-math.log(base) / d))
    angles = torch.arange(start, stop, device=like.device, dtype=kind).unsqueeze(1) * theta
    return angles.cos(), angles.sin()


def turn(x, cos, sin):
    result = torch.empty_like(x)
    a, b = x[..., ::2], x[..., 1::2]
    result[..., ::2] = (a * cos - b * sin).to(x.dtype)
    result[..., 1::2] = (a * sin + b * cos).to(x.dtype)
    return result


class LlamaBlock(nn.Module):
    def __init__(self, d_model, n_heads, n_kv_heads, d_ff, base=10000.0, eps=1e-6):
        super().__init__()
        if n_heads % n_kv_heads != 0 or d_model % n_heads != 0:
            raise ValueError("heads")
        self.d = d_model // n_heads
        if self.d % 2 == 1:
            raise ValueError("odd")
        self.base, self.n_kv_heads = base, n_kv_heads
        self.ffn_norm = Norm(d_model, eps)
        self.attn_norm = Norm(d_model, eps)
        narrow = n_kv_heads * self.d
        self.w_down = nn.Linear(d_ff, d_model, bias=False)
        self.w_up = nn.Linear(d_model, d_ff, bias=False)
        self.w_gate = nn.Linear(d_model, d_ff, bias=False)
        self.w_o = nn.Linear(d_model, d_model, bias=False)
        self.w_v = nn.Linear(d_model, narrow, bias=False)
        self.w_k = nn.Linear(d_model, narrow, bias=False)
        self.w_q = nn.Linear(d_model, d_model, bias=False)

    def cut(self, x):
        return torch.stack(x.split(self.d, dim=-1), dim=1)

    def grow(self, few, heads):
        b, g, length, d = few.shape
        return few[:, :, None].expand(b, g, heads // g, length, d).reshape(b, heads, length, d)

    def forward(self, x, cache=None):
        old_k, old_v = cache if cache is not None else (None, None)
        start = 0 if old_k is None else old_k.shape[-2]
        cos, sin = table(self.base, self.d, start, start + x.shape[1], x)
        n = self.attn_norm(x)
        q, k, v = (
            turn(self.cut(self.w_q(n)), cos, sin),
            turn(self.cut(self.w_k(n)), cos, sin),
            self.cut(self.w_v(n)),
        )
        if old_k is not None:
            k, v = torch.concat([old_k, k], -2), torch.concat([old_v, v], -2)
        heads = q.shape[1]
        scores = torch.matmul(q * self.d**-0.5, self.grow(k, heads).transpose(2, 3))
        lowest = torch.full(scores.shape[-2:], -torch.inf, dtype=x.dtype, device=x.device).triu(1 + start)
        weights = nn.functional.softmax(scores + lowest, dim=-1)
        joined = torch.cat(torch.matmul(weights, self.grow(v, heads)).unbind(1), dim=-1)
        y = x + self.w_o(joined)
        n = self.ffn_norm(y)
        return y + self.w_down(nn.functional.silu(self.w_gate(n)) * self.w_up(n)), (k, v)
