import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

Cache = tuple[Tensor, Tensor, Tensor, Tensor]


class Bag(nn.Module):
    def __init__(self, D):
        super().__init__()
        for name in ("w_q", "w_k", "w_v", "w_o"):
            setattr(self, name, nn.Linear(D, D))


class DecoderBlock(nn.Module):
    def __init__(self, d_model: int, n_heads: int, d_ff: int):
        super().__init__()
        self.D, self.H, self.d = d_model, n_heads, d_model // n_heads
        self.self_attn, self.cross_attn = Bag(d_model), Bag(d_model)
        self.ff1, self.ff2 = nn.Linear(d_model, d_ff), nn.Linear(d_ff, d_model)
        for i in (1, 2, 3):
            setattr(self, f"norm{i}", nn.LayerNorm(d_model))

    def cut(self, t):  # (..., D) -> list of H tensors (..., d)
        return [t[..., h * self.d : (h + 1) * self.d] for h in range(self.H)]

    def look(self, q, k, v):  # q (D,), k and v (H, n, d)
        out = []
        for h, part in enumerate(self.cut(q)):
            score = (k[h] * part).sum(-1) / self.d**0.5
            weight = (score - score.logsumexp(0)).exp()
            out.append((weight[:, None] * v[h]).sum(0))
        return torch.cat(out)

    def forward(
        self, x: Tensor, memory: Tensor | None = None, valid: Tensor | None = None, cache: Cache | None = None
    ):
        A, C = self.self_attn, self.cross_attn
        if cache is None:
            nothing = x.new_zeros(x.shape[0], self.H, 0, self.d)
            mk = torch.stack(self.cut(C.w_k(memory)), 1)
            mv = torch.stack(self.cut(C.w_v(memory)), 1)
            cache = (nothing, nothing, mk, mv)
        k, v, mk, mv = cache
        outputs = []
        for token in x.unbind(1):
            n = self.norm1(token)
            k = torch.cat([k, torch.stack(self.cut(A.w_k(n)), 1)[:, :, None]], 2)
            v = torch.cat([v, torch.stack(self.cut(A.w_v(n)), 1)[:, :, None]], 2)
            q = A.w_q(n)
            y = token + A.w_o(torch.stack([self.look(q[b], k[b], v[b]) for b in range(len(q))]))
            q = C.w_q(self.norm2(y))
            rows = []
            for b in range(len(q)):
                real = slice(None) if valid is None else valid[b]
                rows.append(self.look(q[b], mk[b][:, real], mv[b][:, real]))
            z = y + C.w_o(torch.stack(rows))
            outputs.append(z + self.ff2(self.ff1(self.norm3(z)).clamp(min=0)))
        return torch.stack(outputs, 1), (k, v, mk, mv)
