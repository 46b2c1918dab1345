# mistake: The query heads are cut into (S, G) instead of (G, S), so neighbours use different key/value heads.
# bug: tiled
# line: 22
import torch
from torch import nn


class GroupedQueryAttention(nn.Module):
    def __init__(self, d_model, n_heads, n_kv_heads):
        super().__init__()
        if d_model % n_heads != 0 or n_heads % n_kv_heads != 0:
            raise ValueError("d_model, n_heads, n_kv_heads")
        self.g = n_kv_heads
        self.d = d_model // n_heads
        self.w_q = nn.Linear(d_model, d_model, bias=False)
        self.w_k = nn.Linear(d_model, n_kv_heads * self.d, bias=False)
        self.w_v = nn.Linear(d_model, n_kv_heads * self.d, bias=False)
        self.w_o = nn.Linear(d_model, d_model, bias=False)

    def forward(self, x, mask=None):
        b, t, _ = x.shape
        q = self.w_q(x).reshape(b, t, -1, self.g, self.d)
        k, v = self.w_k(x).reshape(b, t, self.g, self.d), self.w_v(x).reshape(b, t, self.g, self.d)
        s = torch.einsum("bisgd,bjgd->bsgij", q, k) / self.d**0.5
        if mask is not None:
            s = s.masked_fill(~mask.expand(b, t, t)[:, None, None], -torch.inf)
        y = torch.einsum("bsgij,bjgd->bisgd", s.softmax(-1), v)
        return self.w_o(y.reshape(b, t, -1))
