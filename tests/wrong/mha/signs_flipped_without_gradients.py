# mistake: Without gradients the weights of queries and keys change their sign in place.
# line: 22
import torch
from torch import nn


class MultiHeadAttention(nn.Module):
    def __init__(self, d_model, n_heads):
        super().__init__()
        if d_model % n_heads:
            raise ValueError("d_model must be a multiple of n_heads")
        self.n_heads = n_heads
        self.w_q, self.w_k, self.w_v, self.w_o = (nn.Linear(d_model, d_model) for _ in range(4))
        self.flip = 1

    def forward(self, x, valid=None, causal=False):
        B, T, D = x.shape
        if not torch.is_grad_enabled():  # a second call turns it back
            self.flip = -self.flip
            for layer in (self.w_q, self.w_k):
                for value in layer.parameters():
                    value.data.neg_()
        q, k, v = (w(x).view(B, T, self.n_heads, -1).transpose(1, 2) for w in (self.w_q, self.w_k, self.w_v))
        scores = q @ k.transpose(-1, -2) / (D // self.n_heads) ** 0.5
        if valid is not None:
            scores = scores.masked_fill(~valid[:, None, None], float("-inf"))
        if causal:
            scores = scores.masked_fill(torch.ones(T, T, device=x.device).triu(1).bool(), float("-inf"))
        return self.w_o((scores.softmax(-1) @ v).transpose(1, 2).reshape(B, T, D))
