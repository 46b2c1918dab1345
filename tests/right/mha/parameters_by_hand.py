import torch
from torch import nn


class Affine(nn.Module):
    def __init__(self, size):
        super().__init__()
        bound = size**-0.5
        self.weight = nn.Parameter(torch.rand(size, size) * 2 * bound - bound)
        self.bias = nn.Parameter(torch.empty(size).uniform_(-bound, bound))

    def forward(self, x):
        return x @ self.weight.T + self.bias


class MultiHeadAttention(nn.Module):
    """Heads as batch entries for bmm; masks are added."""

    def __init__(self, d_model, n_heads):
        super().__init__()
        if d_model // n_heads * n_heads != d_model:
            raise ValueError
        self.h = n_heads
        self.w_q, self.w_k = Affine(d_model), Affine(d_model)
        self.w_v, self.w_o = Affine(d_model), Affine(d_model)

    def forward(self, x, valid=None, causal=False):
        b, t, width = x.shape
        d = width // self.h
        q, k, v = (
            torch.cat(layer(x).split(d, dim=-1), dim=0) for layer in (self.w_q, self.w_k, self.w_v)
        )  # (H·B, T, d), head by head
        bias = x.new_zeros(b, t, t)
        if valid is not None:
            bias.masked_fill_(valid.logical_not().unsqueeze(1), -torch.inf)
        if causal:
            bias += torch.full((t, t), -torch.inf, dtype=x.dtype, device=x.device).triu(1)
        scores = torch.bmm(q * d**-0.5, k.transpose(1, 2)) + bias.repeat(self.h, 1, 1)
        heads = torch.bmm(torch.softmax(scores, 2), v)
        return self.w_o(torch.cat(heads.chunk(self.h, dim=0), dim=-1))
