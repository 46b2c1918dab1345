# mistake: repeat_interleave runs over features before the heads are cut, so features are doubled instead of heads.
# bug: features_repeated
# line: 23, 24
import math

import torch
from torch import nn


class GroupedQueryAttention(nn.Module):
    def __init__(self, d_model, n_heads, n_kv_heads):
        super().__init__()
        if d_model % n_heads != 0 or n_heads % n_kv_heads != 0:
            raise ValueError("sizes do not divide")
        self.heads, self.rep = n_heads, n_heads // n_kv_heads
        self.w_q = nn.Linear(d_model, d_model, bias=False)
        self.w_k = nn.Linear(d_model, d_model // self.rep, bias=False)
        self.w_v = nn.Linear(d_model, d_model // self.rep, bias=False)
        self.w_o = nn.Linear(d_model, d_model, bias=False)

    def forward(self, x, mask=None):
        q = self.w_q(x)
        k = self.w_k(x).repeat_interleave(self.rep, dim=-1)
        v = torch.repeat_interleave(self.w_v(x), self.rep, dim=-1)
        q, k, v = (torch.stack(y.chunk(self.heads, dim=-1), dim=1) for y in (q, k, v))
        a = torch.matmul(q, k.transpose(-1, -2)) / math.sqrt(q.size(-1))
        if mask is not None:
            a.masked_fill_(~mask.unsqueeze(-3), float("-inf"))
        return self.w_o(torch.cat(list((a.softmax(-1) @ v).unbind(1)), dim=-1))
