import torch
from torch import nn


class GroupedQueryAttention(nn.Module):
    """The query heads are cut into (G, S); keys and values are never copied."""

    def __init__(self, d_model, n_heads, n_kv_heads):
        super().__init__()
        if d_model % n_heads or n_heads % n_kv_heads:
            raise ValueError("sizes")
        self.g, self.s, self.d = n_kv_heads, n_heads // n_kv_heads, d_model // n_heads
        self.w_q = nn.Linear(d_model, d_model, bias=False)
        self.w_k = nn.Linear(d_model, self.g * self.d, bias=False)
        self.w_v = nn.Linear(d_model, self.g * self.d, bias=False)
        self.w_o = nn.Linear(d_model, d_model, bias=False)

    def forward(self, x, mask=None):
        b, t, _ = x.shape
        q = self.w_q(x).view(b, t, self.g, self.s, self.d)
        k = self.w_k(x).view(b, t, self.g, self.d)
        v = self.w_v(x).view(b, t, self.g, self.d)
        scores = torch.einsum("bqgsd,bkgd->bgsqk", q, k) * self.d**-0.5
        if mask is not None:
            allowed = mask.expand(b, t, t)[:, None, None]
            scores = torch.where(allowed, scores, torch.finfo(scores.dtype).min)
        out = torch.einsum("bgsqk,bkgd->bqgsd", scores.softmax(-1), v)
        return self.w_o(out.reshape(b, t, -1))
