"""Additive attention (Bahdanau et al., 2015).

sᵢⱼ = wᵀ tanh(W_q qᵢ + W_k kⱼ),   oᵢ = Σⱼ softmaxⱼ(sᵢⱼ) vⱼ
"""

import math

import torch
from torch import Tensor, nn


class AdditiveAttention(nn.Module):
    def __init__(self, query_size: int, key_size: int, hidden: int):
        super().__init__()
        self.w_q = nn.Linear(query_size, hidden, bias=False)
        self.w_k = nn.Linear(key_size, hidden, bias=False)
        self.w_v = nn.Linear(hidden, 1, bias=False)

    def forward(
        self, queries: Tensor, keys: Tensor, values: Tensor, valid_lens: Tensor | None = None
    ) -> tuple[Tensor, Tensor]:
        asked = self.w_q(queries)[:, :, None]  # (B, Tq, 1, h)
        offered = self.w_k(keys)[:, None]  # (B, 1, Tk, h)
        features = torch.tanh(asked + offered)  # (B, Tq, Tk, h)
        scores = self.w_v(features).squeeze(-1)  # (B, Tq, Tk)
        if valid_lens is not None:
            counts = valid_lens[:, None] if valid_lens.dim() == 1 else valid_lens  # (B, 1) or (B, Tq)
            positions = torch.arange(keys.shape[1], device=keys.device)
            shown = positions < counts[..., None]  # (B, 1 or Tq, Tk)
            scores = scores.masked_fill(~shown, -math.inf)
        weights = scores.softmax(dim=-1)
        output = weights @ values  # (B, Tq, dᵥ)
        return output, weights
