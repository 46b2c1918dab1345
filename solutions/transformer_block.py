"""A Transformer block (Vaswani et al., 2017), post-norm as in the paper or pre-norm as in GPT-2.

With x (B, T, D), multi-head self-attention A and FFN(x) = GELU(x W₁ᵀ + b₁) W₂ᵀ + b₂:

    post-norm   y = LN₁(x + A(x)),  out = LN₂(y + FFN(y))
    pre-norm    y = x + A(LN₁(x)),  out = y + FFN(LN₂(y))
"""

import torch
from torch import Tensor, nn
from torch.nn import functional as F


class TransformerBlock(nn.Module):
    def __init__(self, d_model: int, n_heads: int, d_ff: int, dropout: float = 0.1, norm_first: bool = True):
        super().__init__()
        self.n_heads = n_heads
        self.norm_first = norm_first
        self.w_q = nn.Linear(d_model, d_model)
        self.w_k = nn.Linear(d_model, d_model)
        self.w_v = nn.Linear(d_model, d_model)
        self.w_o = nn.Linear(d_model, d_model)
        self.ff1 = nn.Linear(d_model, d_ff)
        self.ff2 = nn.Linear(d_ff, d_model)
        self.norm1 = nn.LayerNorm(d_model)
        self.norm2 = nn.LayerNorm(d_model)
        self.drop1 = nn.Dropout(dropout)
        self.drop2 = nn.Dropout(dropout)

    def forward(self, x: Tensor, valid: Tensor | None = None, causal: bool = False) -> Tensor:
        mask = self.mask(x, valid, causal)
        if self.norm_first:
            attended = self.attention(self.norm1(x), mask)
            y = x + self.drop1(attended)
            thought = self.feed_forward(self.norm2(y))
            return y + self.drop2(thought)
        attended = self.attention(x, mask)
        y = self.norm1(x + self.drop1(attended))
        thought = self.feed_forward(y)
        return self.norm2(y + self.drop2(thought))

    def mask(self, x: Tensor, valid: Tensor | None, causal: bool) -> Tensor:
        """Which query (rows) may look at which key (columns)."""
        steps = x.shape[1]
        mask = torch.ones(steps, steps, dtype=torch.bool, device=x.device)  # (T, T)
        if causal:
            mask = mask.tril()
        if valid is not None:
            mask = mask & valid[:, None, None, :]  # (B, 1, T, T)
        return mask

    def attention(self, x: Tensor, mask: Tensor) -> Tensor:
        q = self.split(self.w_q(x))  # (B, H, T, d)
        k = self.split(self.w_k(x))
        v = self.split(self.w_v(x))
        heads = F.scaled_dot_product_attention(q, k, v, attn_mask=mask)  # (B, H, T, d)
        joined = heads.transpose(1, 2).flatten(2)  # (B, T, D)
        return self.w_o(joined)

    def split(self, x: Tensor) -> Tensor:
        return x.unflatten(-1, (self.n_heads, -1)).transpose(1, 2)  # (B, T, D) → (B, H, T, d)

    def feed_forward(self, x: Tensor) -> Tensor:
        hidden = F.gelu(self.ff1(x))  # (B, T, d_ff)
        return self.ff2(hidden)
