# mistake: The second layer norm has an epsilon of 1e-6 instead of 1e-5; and in the post-norm block the residual of the FFN adds x, not the normed y.
# line: 20, 50
# bug: eps_small + second_residual_from_x
import math

import torch
from torch import Tensor, nn


class TransformerBlock(nn.Module):
    def __init__(self, d_model: int, n_heads: int, d_ff: int, dropout: float = 0.1, norm_first: bool = True):
        super().__init__()
        self.h, self.d = n_heads, d_model // n_heads
        self.pre = norm_first
        for name in ("w_q", "w_k", "w_v", "w_o"):
            setattr(self, name, nn.Linear(d_model, d_model))
        self.ff1 = nn.Linear(d_model, d_ff)
        self.ff2 = nn.Linear(d_ff, d_model)
        self.norm1 = nn.LayerNorm(d_model, eps=1e-5)
        self.norm2 = nn.LayerNorm(d_model, eps=1e-6)
        self.drop1 = nn.Dropout(dropout)
        self.drop2 = nn.Dropout(dropout)
        self.act = nn.GELU()

    def attend(self, x, hidden):
        q, k, v = self.w_q(x), self.w_k(x), self.w_v(x)
        heads = []
        for i in range(self.h):
            part = slice(i * self.d, (i + 1) * self.d)
            s = q[..., part] @ k[..., part].transpose(1, 2) / math.sqrt(self.d)
            s = s.masked_fill(hidden, float("-inf"))
            heads.append(s.softmax(dim=-1) @ v[..., part])
        return self.drop1(self.w_o(torch.cat(heads, dim=-1)))

    def feed_forward(self, y):
        return self.drop2(self.ff2(self.act(self.ff1(y))))

    def forward(self, x: Tensor, valid: Tensor | None = None, causal: bool = False) -> Tensor:
        B, T, _ = x.shape
        hidden = torch.zeros(B, T, T, dtype=torch.bool, device=x.device)
        if valid is not None:
            hidden = hidden | ~valid.unsqueeze(1)
        if causal:
            hidden = hidden | torch.ones(T, T, dtype=torch.bool, device=x.device).triu(1)

        if self.pre:
            y = x + self.attend(self.norm1(x), hidden)
            return y + self.feed_forward(self.norm2(y))
        y = self.norm1(x + self.attend(x, hidden))
        return self.norm2(x + self.feed_forward(y))
