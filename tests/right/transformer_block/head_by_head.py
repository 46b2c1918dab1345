import torch
import torch.nn.functional as F
from torch import nn


class Sublayer(nn.Module):
    """Norm, branch, dropout and residual in the order asked for. It borrows its norm and branch."""

    def __init__(self, p, pre):
        super().__init__()
        self.p, self.pre = p, pre

    def forward(self, x, norm, branch):
        if self.pre:
            return x + F.dropout(branch(norm(x)), self.p, self.training)
        return norm(F.dropout(branch(x), self.p, self.training) + x)


class TransformerBlock(nn.Module):
    def __init__(self, d_model, n_heads, d_ff, dropout=0.1, norm_first=True):
        super().__init__()
        self.norm2 = nn.LayerNorm(d_model, eps=1e-5)
        self.ff2 = nn.Linear(d_ff, d_model)
        self.ff1 = nn.Linear(d_model, d_ff)
        self.w_o, self.w_v, self.w_k, self.w_q = (nn.Linear(d_model, d_model) for _ in range(4))
        self.norm1 = nn.LayerNorm(d_model, eps=1e-5)
        self.around = Sublayer(dropout, norm_first)
        self.n_heads = n_heads

    def forward(self, x, valid=None, causal=False):
        T = x.size(1)
        hidden = torch.zeros(x.size(0), T, T, dtype=torch.bool, device=x.device)
        if causal:
            hidden = hidden | torch.ones(T, T, dtype=torch.bool, device=x.device).triu(1)
        if valid is not None:
            hidden = hidden | valid.logical_not().unsqueeze(1)

        def attention(y):
            outputs = []
            width = y.size(2) // self.n_heads
            for q, k, v in zip(*(w(y).split(width, dim=2) for w in (self.w_q, self.w_k, self.w_v))):
                scores = (q / width**0.5) @ k.transpose(1, 2)
                scores = scores.masked_fill(hidden, torch.finfo(y.dtype).min)
                outputs.append(F.softmax(scores, dim=2) @ v)
            return self.w_o(torch.cat(outputs, dim=2))

        x = self.around(x, self.norm1, attention)
        return self.around(x, self.norm2, lambda y: self.ff2(nn.GELU()(self.ff1(y))))
