import torch
from torch import nn


class MultiHeadAttention(nn.Module):
    """Each head reads its rows of the weights and writes through its columns of w_o; the outputs are summed."""

    def __init__(self, d_model: int, n_heads: int):
        super().__init__()
        if d_model % n_heads != 0:
            raise ValueError("d_model must be a multiple of n_heads")
        self.n_heads = n_heads
        self.w_q = nn.Linear(d_model, d_model)
        self.w_k = nn.Linear(d_model, d_model)
        self.w_v = nn.Linear(d_model, d_model)
        self.w_o = nn.Linear(d_model, d_model)

    def forward(self, x, valid=None, causal=False):
        t, width = x.shape[1:]
        d = width // self.n_heads
        lowest = torch.finfo(x.dtype).min
        total = self.w_o.bias.expand_as(x)
        for h in range(self.n_heads):
            rows = torch.arange(h * d, (h + 1) * d, device=x.device)
            q, k, v = (x @ m.weight[rows].t() + m.bias[rows] for m in (self.w_q, self.w_k, self.w_v))
            s = torch.matmul(q / d**0.5, k.transpose(-1, -2))
            if valid is not None:
                s = s.masked_fill(valid[:, None, :] == False, lowest)  # noqa: E712
            if causal:
                s = s.masked_fill(torch.ones(t, t, device=x.device).tril() == 0, lowest)
            head = torch.softmax(s, dim=-1) @ v
            total = total + head @ self.w_o.weight[:, rows].t()
        return total
