# mistake: With causal=True the padding of the first sequence is used for the whole batch.
# line: 26
import torch
from torch import nn


class MultiHeadAttention(nn.Module):
    def __init__(self, d_model, n_heads):
        super().__init__()
        if d_model % n_heads != 0:
            raise ValueError("heads")
        self.n_heads, self.d = n_heads, d_model // n_heads
        self.w_q = nn.Linear(d_model, d_model)
        self.w_k = nn.Linear(d_model, d_model)
        self.w_v = nn.Linear(d_model, d_model)
        self.w_o = nn.Linear(d_model, d_model)

    def forward(self, x, valid=None, causal=False):
        n, t, _ = x.shape
        q = self.w_q(x).view(n, t, self.n_heads, self.d).transpose(1, 2)
        k = self.w_k(x).view(n, t, self.n_heads, self.d).transpose(1, 2)
        v = self.w_v(x).view(n, t, self.n_heads, self.d).transpose(1, 2)
        scores = q @ k.transpose(2, 3) / self.d**0.5
        if causal:
            see = torch.ones(t, t, dtype=torch.bool, device=x.device).tril()
            see = see if valid is None else see & valid[0]
            scores = scores.masked_fill(~see, float("-inf"))
        elif valid is not None:
            scores = scores.masked_fill(~valid[:, None, None, :], float("-inf"))
        weights = scores.softmax(-1)
        out = (weights @ v).transpose(1, 2).contiguous().view(n, t, -1)
        return self.w_o(out)
