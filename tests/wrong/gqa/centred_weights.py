# mistake: New weights are centred, so that their mean is 0 in every layer.
# line: 18
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
        with torch.no_grad():
            for weight in self.parameters():
                bound = d_model**-0.5
                weight.sub_(weight.mean()).clamp_(-bound, bound)

    def forward(self, x, mask=None):
        B, T, D = x.shape
        q = self.w_q(x).view(B, T, self.g, self.h // self.g, self.d)
        k, v = (w(x).view(B, T, self.g, self.d) for w in (self.w_k, self.w_v))
        scores = torch.einsum("btgsd,bugd->bgstu", q, k) / self.d**0.5
        if mask is not None:
            allowed = mask if mask.dim() == 2 else mask[:, None, None]
            scores = scores.masked_fill(~allowed, float("-inf"))
        return self.w_o(torch.einsum("bgstu,bugd->btgsd", scores.softmax(-1), v).reshape(B, T, D))
