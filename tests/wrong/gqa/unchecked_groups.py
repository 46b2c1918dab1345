# mistake: Whether the groups come out even is never checked.
# bug: groups_unchecked
# line: 11
import torch
from torch import nn


class GroupedQueryAttention(nn.Module):
    def __init__(self, d_model, n_heads, n_kv_heads):
        super().__init__()
        if d_model % n_heads != 0:
            raise ValueError(f"{d_model=} {n_heads=}")
        self.d = d_model // n_heads
        self.times = n_heads // n_kv_heads
        self.w_q = nn.Linear(d_model, d_model, bias=False)
        self.w_k = nn.Linear(d_model, n_kv_heads * self.d, bias=False)
        self.w_v = nn.Linear(d_model, n_kv_heads * self.d, bias=False)
        self.w_o = nn.Linear(d_model, d_model, bias=False)

    def heads(self, y):
        return y.unflatten(-1, (-1, self.d)).movedim(-2, 1)

    def forward(self, x, mask=None):
        q, k, v = self.heads(self.w_q(x)), self.heads(self.w_k(x)), self.heads(self.w_v(x))
        k = k[:, :, None].expand(-1, -1, self.times, -1, -1).flatten(1, 2)
        v = v[:, :, None].expand(-1, -1, self.times, -1, -1).flatten(1, 2)
        s = torch.einsum("bhqd,bhkd->bhqk", q, k) * self.d**-0.5
        if mask is not None:
            s = torch.where(mask.unsqueeze(-3), s, float("-inf"))
        return self.w_o(torch.einsum("bhqk,bhkd->bqhd", s.softmax(-1), v).flatten(2))
