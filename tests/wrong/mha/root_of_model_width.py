# mistake: The scores are divided by the root of d_model instead of the root of the width of a head.
# bug: scale_by_model_width
# line: 12, 25
import torch
from torch import nn


class MultiHeadAttention(nn.Module):
    def __init__(self, d_model, n_heads):
        super().__init__()
        self.n_heads = n_heads
        self.scale = d_model**-0.5
        if d_model % n_heads != 0:
            raise ValueError
        self.w_q = nn.Linear(d_model, d_model)
        self.w_k = nn.Linear(d_model, d_model)
        self.w_v = nn.Linear(d_model, d_model)
        self.w_o = nn.Linear(d_model, d_model)

    def forward(self, x, valid=None, causal=False):
        T = x.shape[1]
        q, k, v = (
            torch.stack(p(x).chunk(self.n_heads, dim=-1), dim=1) for p in (self.w_q, self.w_k, self.w_v)
        )
        s = (q @ k.transpose(2, 3)) * self.scale
        if valid is not None:
            s = s.masked_fill(~valid[:, None, None], float("-inf"))
        if causal:
            s = s + torch.full((T, T), float("-inf"), dtype=s.dtype, device=s.device).triu(1)
        heads = (s.softmax(-1) @ v).unbind(dim=1)
        return self.w_o(torch.cat(heads, dim=-1))
