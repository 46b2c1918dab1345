# mistake: After attention the (B, H, T, d) tensor is reshaped to (B, T, D) without moving the heads back.
# bug: heads_joined_by_view
# line: 34
import math

import torch
from torch import nn


class MultiHeadAttention(nn.Module):
    def __init__(self, d_model: int, n_heads: int):
        super().__init__()
        if d_model % n_heads != 0:
            raise ValueError(f"d_model ({d_model}) % n_heads ({n_heads}) != 0")
        self.n_heads = n_heads
        self.d_head = d_model // n_heads
        self.w_q, self.w_k = nn.Linear(d_model, d_model), nn.Linear(d_model, d_model)
        self.w_v, self.w_o = nn.Linear(d_model, d_model), nn.Linear(d_model, d_model)

    def heads(self, y):
        return y.view(*y.shape[:2], self.n_heads, self.d_head).permute(0, 2, 1, 3)

    def forward(self, x, valid=None, causal=False):
        batch, tokens, width = x.shape
        Q, K, V = self.heads(self.w_q(x)), self.heads(self.w_k(x)), self.heads(self.w_v(x))
        logits = torch.einsum("bhid,bhjd->bhij", Q, K) / math.sqrt(self.d_head)
        allowed = torch.ones(tokens, tokens, dtype=torch.bool, device=x.device)
        if causal:
            allowed = allowed.tril()
        if valid is not None:
            allowed = allowed & valid[:, None, None, :]
        probabilities = torch.softmax(logits.masked_fill(~allowed, -math.inf), dim=-1)
        context = torch.einsum("bhij,bhjd->bhid", probabilities, V)
        context = context.reshape(batch, tokens, width)
        return self.w_o(context)
