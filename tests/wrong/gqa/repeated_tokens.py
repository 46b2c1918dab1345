# mistake: Keys and values are repeated along dimension 1 while that still holds the tokens.
# bug: tokens_repeated
# line: 23, 25
import torch
from torch import nn


class GroupedQueryAttention(nn.Module):
    def __init__(self, d_model, n_heads, n_kv_heads):
        super().__init__()
        if d_model % n_heads or n_heads % n_kv_heads:
            raise ValueError("heads must divide evenly")
        self.h, self.g, self.dh = n_heads, n_kv_heads, d_model // n_heads
        self.w_q = nn.Linear(d_model, d_model, bias=False)
        self.w_k = nn.Linear(d_model, self.g * self.dh, bias=False)
        self.w_v = nn.Linear(d_model, self.g * self.dh, bias=False)
        self.w_o = nn.Linear(d_model, d_model, bias=False)

    def forward(self, x, mask=None):
        B, T, D = x.shape
        n = self.h // self.g
        q = self.w_q(x).reshape(B, T, self.h, self.dh).transpose(1, 2)
        k = self.w_k(x).reshape(B, T, self.g, self.dh).repeat_interleave(n, dim=1).transpose(1, 2)
        v = self.w_v(x).reshape(B, T, self.g, self.dh).repeat_interleave(n, dim=1).transpose(1, 2)
        s = torch.matmul(q * self.dh**-0.5, k.transpose(-1, -2))
        if mask is not None:
            s = torch.where(
                mask.unsqueeze(-3), s, torch.tensor(float("-inf"), dtype=s.dtype, device=s.device)
            )
        a = torch.softmax(s, dim=-1)
        return self.w_o(torch.matmul(a, v).permute(0, 2, 1, 3).reshape(B, T, D))
