# mistake: A width that the heads cannot share is refused with an assertion.
# bug: no_value_error
# line: 10
import torch
from torch import nn


class MultiHeadAttention(nn.Module):
    def __init__(self, d_model, n_heads):
        assert d_model % n_heads == 0, "d_model must be divisible by n_heads"
        super().__init__()
        self.n_heads = n_heads
        self.w_q = nn.Linear(d_model, d_model)
        self.w_k = nn.Linear(d_model, d_model)
        self.w_v = nn.Linear(d_model, d_model)
        self.w_o = nn.Linear(d_model, d_model)

    def forward(self, x, valid=None, causal=False):
        q, k, v = (
            w(x).unflatten(2, (self.n_heads, -1)).movedim(2, 1) for w in (self.w_q, self.w_k, self.w_v)
        )
        scores = q.matmul(k.mT).div(q.size(-1) ** 0.5)
        T = x.size(1)
        if causal:
            scores = torch.where(torch.ones(T, T, device=x.device).tril() > 0, scores, -torch.inf)
        if valid is not None:
            scores = torch.where(valid[:, None, None], scores, -torch.inf)
        return self.w_o(scores.softmax(-1).matmul(v).movedim(1, 2).flatten(2))
