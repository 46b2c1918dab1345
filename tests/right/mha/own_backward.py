import torch
from torch import nn
from torch.nn import functional as F


class Attend(torch.autograd.Function):
    @staticmethod
    def forward(ctx, q, k, v, hidden):
        s = (q @ k.mT) / q.shape[-1] ** 0.5
        s.masked_fill_(hidden, -torch.inf)
        s -= s.amax(-1, keepdim=True)
        p = s.exp_()
        p /= p.sum(-1, keepdim=True)
        ctx.save_for_backward(q, k, v, p)
        return p @ v

    @staticmethod
    def backward(ctx, g):
        q, k, v, p = ctx.saved_tensors
        dp = g @ v.mT
        ds = p * (dp - (dp * p).sum(-1, keepdim=True)) / q.shape[-1] ** 0.5
        return ds @ k, ds.mT @ q, p.mT @ g, None


class MultiHeadAttention(nn.Module):
    def __init__(self, d_model, n_heads):
        super().__init__()
        if d_model % n_heads > 0:
            raise ValueError("heads")
        self.n_heads = n_heads
        self.w_o = nn.Linear(d_model, d_model)
        self.w_v = nn.Linear(d_model, d_model)
        self.w_k = nn.Linear(d_model, d_model)
        self.w_q = nn.Linear(d_model, d_model)

    def forward(self, x, valid=None, causal=False):
        b, t, width = x.shape
        hidden = torch.zeros(b, 1, t, t, dtype=torch.bool, device=x.device)
        if valid is not None:
            hidden |= ~valid[:, None, None]
        if causal:
            hidden |= torch.triu(torch.ones(t, t, dtype=torch.bool, device=x.device), diagonal=1)
        q, k, v = (
            F.linear(x, m.weight, m.bias).view(b, t, self.n_heads, -1).permute(0, 2, 1, 3)
            for m in (self.w_q, self.w_k, self.w_v)
        )
        out = Attend.apply(q, k, v, hidden)
        return F.linear(out.permute(0, 2, 1, 3).reshape(b, t, width), self.w_o.weight, self.w_o.bias)
