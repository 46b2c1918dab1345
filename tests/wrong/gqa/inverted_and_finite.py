# mistake: The mask is read the wrong way round, and hidden scores get the lowest finite number.
# line: 24
# bug: mask_inverted
import torch
from torch import nn


class GroupedQueryAttention(nn.Module):
    def __init__(self, d_model, n_heads, n_kv_heads):
        super().__init__()
        if d_model % n_heads or n_heads % n_kv_heads:
            raise ValueError("sizes do not divide each other")
        self.h, self.g, self.d = n_heads, n_kv_heads, d_model // n_heads
        widths = d_model, n_kv_heads * self.d, n_kv_heads * self.d, d_model
        self.w_q, self.w_k, self.w_v, self.w_o = (nn.Linear(d_model, w, bias=False) for w in widths)

    def forward(self, x, mask=None):
        B, T, D = x.shape
        q = self.w_q(x).view(B, T, self.g, self.h // self.g, self.d)
        k, v = (w(x).view(B, T, self.g, self.d) for w in (self.w_k, self.w_v))
        scores = torch.einsum("btgsd,bugd->bgstu", q, k) / self.d**0.5
        if mask is not None:
            mask = mask[None, None, None] if mask.dim() == 2 else mask[:, None, None]
            scores = torch.where(mask, torch.finfo(scores.dtype).min, scores)
        return self.w_o(torch.einsum("bgstu,bugd->btgsd", scores.softmax(-1), v).reshape(B, T, D))
