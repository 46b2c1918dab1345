# mistake: Hidden scores are set to -1e9, which does not fit into float16.
# bug: fill_finite
# line: 33
import torch
import torch.nn as nn
import torch.nn.functional as F


def make_mask(valid, causal, b, t, device):
    mask = torch.ones(b, 1, t, t, dtype=torch.bool, device=device)
    if valid is not None:
        mask = mask & valid.reshape(b, 1, 1, t)
    if causal:
        mask = mask & torch.tril(torch.ones(t, t, dtype=torch.bool, device=device))
    return mask


class MultiHeadAttention(nn.Module):
    def __init__(self, d_model, n_heads):
        super().__init__()
        if d_model % n_heads:
            raise ValueError("n_heads")
        self.n_heads, self.d = n_heads, d_model // n_heads
        for n in "qkvo":
            setattr(self, f"w_{n}", nn.Linear(d_model, d_model))

    def forward(self, x, valid=None, causal=False):
        b, t, _ = x.shape
        q = self.w_q(x).view(b, t, self.n_heads, self.d).transpose(1, 2)
        k = self.w_k(x).view(b, t, self.n_heads, self.d).transpose(1, 2)
        v = self.w_v(x).view(b, t, self.n_heads, self.d).transpose(1, 2)
        scores = torch.matmul(q, k.transpose(-2, -1)) / (self.d**0.5)
        scores = scores.masked_fill(make_mask(valid, causal, b, t, x.device) == 0, -1e9)
        return self.w_o(torch.matmul(F.softmax(scores, -1), v).transpose(1, 2).reshape(b, t, -1))
