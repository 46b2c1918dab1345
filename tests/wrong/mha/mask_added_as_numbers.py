# mistake: Weights of hidden keys are zeroed after softmax without normalising what is left.
# bug: mask_after_softmax
# line: 27, 31
import math

import torch
from torch import nn


class MultiHeadAttention(nn.Module):
    def __init__(self, d_model, n_heads):
        super().__init__()
        if d_model % n_heads:
            raise ValueError(f"{d_model} / {n_heads}")
        self.n_heads = n_heads
        self.w_q = nn.Linear(d_model, d_model)
        self.w_k = nn.Linear(d_model, d_model)
        self.w_v = nn.Linear(d_model, d_model)
        self.w_o = nn.Linear(d_model, d_model)

    def forward(self, x, valid=None, causal=False):
        B, T, D = x.shape
        d = D // self.n_heads
        q = self.w_q(x).view(B, T, self.n_heads, d)
        k = self.w_k(x).view(B, T, self.n_heads, d)
        v = self.w_v(x).view(B, T, self.n_heads, d)
        p = torch.einsum("bihd,bjhd->bhij", q, k).div(math.sqrt(d)).softmax(-1)
        keep = torch.ones(B, 1, T, T, dtype=p.dtype, device=p.device)
        keep = keep.tril() if causal else keep
        keep = keep if valid is None else keep * valid[:, None, None, :]
        p = p * keep
        return self.w_o(torch.einsum("bhij,bjhd->bihd", p, v).reshape(B, T, D))
