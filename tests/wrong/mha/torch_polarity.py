# mistake: valid is used like torch's key_padding_mask, where True marks padding.
# bug: valid_inverted
# line: 25
import torch
from torch import nn


class MultiHeadAttention(nn.Module):
    def __init__(self, d_model, n_heads):
        super().__init__()
        if d_model % n_heads != 0:
            raise ValueError("embed_dim must be divisible by num_heads")
        self.n_heads = n_heads
        self.w_q = nn.Linear(d_model, d_model)
        self.w_k = nn.Linear(d_model, d_model)
        self.w_v = nn.Linear(d_model, d_model)
        self.w_o = nn.Linear(d_model, d_model)

    def forward(self, x, valid=None, causal=False):
        b, t, c = x.shape
        split = lambda y: y.reshape(b, t, self.n_heads, c // self.n_heads).transpose(1, 2)
        q, k, v = split(self.w_q(x)), split(self.w_k(x)), split(self.w_v(x))
        scores = q @ k.transpose(2, 3) * (c // self.n_heads) ** -0.5
        if valid is not None:
            scores = scores.masked_fill(valid[:, None, None, :], float("-inf"))
        if causal:
            future = torch.ones(t, t, dtype=torch.bool, device=x.device).triu(1)
            scores = scores.masked_fill(future, float("-inf"))
        y = scores.softmax(dim=-1) @ v
        return self.w_o(y.transpose(1, 2).reshape(b, t, c))
