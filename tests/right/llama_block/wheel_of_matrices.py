import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class Matrix(nn.Module):
    def __init__(self, rows, cols):
        super().__init__()
        bound = cols**-0.5
        self.weight = nn.Parameter(torch.empty(rows, cols).uniform_(-bound, bound))

    def __rmatmul__(self, x):
        return torch.einsum("...i,oi->...o", x, self.weight)


class LlamaBlock(nn.Module):
    def __init__(
        self, d_model: int, n_heads: int, n_kv_heads: int, d_ff: int, base: float = 10000.0, eps: float = 1e-6
    ):
        super().__init__()
        d, rest = divmod(d_model, n_heads)
        if rest or n_heads % n_kv_heads or d & 1:
            raise ValueError
        self.H, self.G, self.d, self.base, self.eps = n_heads, n_kv_heads, d, base, eps
        sizes = dict(
            w_q=(d_model, d_model),
            w_k=(n_kv_heads * d, d_model),
            w_v=(n_kv_heads * d, d_model),
            w_o=(d_model, d_model),
            w_gate=(d_ff, d_model),
            w_up=(d_ff, d_model),
            w_down=(d_model, d_ff),
        )
        for name, size in sizes.items():
            self.add_module(name, Matrix(*size))
        for name in ("attn_norm", "ffn_norm"):
            norm = nn.Module()
            norm.register_parameter("weight", nn.Parameter(torch.ones(d_model)))
            self.add_module(name, norm)

    def rms(self, x, norm):
        wide = x.double() if x.dtype == torch.float64 else x.float()
        size = torch.sqrt((wide * wide).sum(-1, keepdim=True) / x.shape[-1] + self.eps)
        return (norm.weight * (wide / size)).to(x.dtype)

    def wheel(self, m, x):  # a (d, d) matrix that turns by position m
        wide = torch.float64 if x.dtype == torch.float64 else torch.float32
        R = torch.zeros(self.d, self.d, dtype=wide, device=x.device)
        for i in range(0, self.d, 2):
            a = m * self.base ** (-i / self.d)
            R[i, i] = R[i + 1, i + 1] = math.cos(a)
            R[i + 1, i] = math.sin(a)
            R[i, i + 1] = -math.sin(a)
        return lambda t: (t.to(wide) @ R.T).to(t.dtype)

    def forward(self, x: Tensor, cache=None):
        B, T, D = x.shape
        if cache is None:
            cache = (x.new_zeros(B, self.G, 0, self.d),) * 2
        k, v = cache
        out = []
        for token in x.unbind(1):
            turn = self.wheel(k.shape[2], x)
            n = self.rms(token, self.attn_norm)
            q = turn((n @ self.w_q).unflatten(-1, (self.H, self.d)))
            k = torch.cat([k, turn((n @ self.w_k).unflatten(-1, (self.G, self.d))).unsqueeze(2)], 2)
            v = torch.cat([v, (n @ self.w_v).unflatten(-1, (self.G, self.d)).unsqueeze(2)], 2)
            parts = []
            for h in range(self.H):
                g = h * self.G // self.H
                s = (k[:, g] @ q[:, h].unsqueeze(-1)).squeeze(-1) / self.d**0.5
                e = (s - s.amax(-1, keepdim=True)).exp()
                a = e / e.sum(-1, keepdim=True)
                parts.append((a.unsqueeze(1) @ v[:, g]).squeeze(1))
            y = token + torch.cat(parts, -1) @ self.w_o
            n = self.rms(y, self.ffn_norm)
            gate = n @ self.w_gate
            out.append(y + (gate * gate.sigmoid() * (n @ self.w_up)) @ self.w_down)
        return torch.stack(out, 1), (k, v)
