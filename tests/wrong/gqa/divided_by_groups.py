# mistake: The key/value head of query head h is taken as h // G instead of h // (H / G).
# line: 28
# bug: head_over_groups
import torch
from torch import Tensor, nn


class GroupedQueryAttention(nn.Module):
    def __init__(self, d_model: int, n_heads: int, n_kv_heads: int):
        super().__init__()
        if d_model % n_heads != 0:
            raise ValueError("d_model has to be a multiple of n_heads")
        if n_heads % n_kv_heads != 0:
            raise ValueError("n_heads has to be a multiple of n_kv_heads")
        self.H, self.G, self.d = n_heads, n_kv_heads, d_model // n_heads
        self.w_q = nn.Linear(d_model, d_model, bias=False)
        self.w_k = nn.Linear(d_model, self.G * self.d, bias=False)
        self.w_v = nn.Linear(d_model, self.G * self.d, bias=False)
        self.w_o = nn.Linear(d_model, d_model, bias=False)

    def _head(self, t: Tensor, index: int) -> Tensor:
        return t[..., index * self.d : (index + 1) * self.d]

    def forward(self, x: Tensor, mask: Tensor | None = None) -> Tensor:
        q, k, v = self.w_q(x), self.w_k(x), self.w_v(x)
        outs = []
        for h in range(self.H):
            g = h // self.G
            score = (self._head(q, h) * self.d**-0.5) @ self._head(k, g).transpose(1, 2)
            if mask is not None:
                score = torch.where(mask, score, -torch.inf)
            outs.append(score.softmax(-1) @ self._head(v, g))
        return self.w_o(torch.cat(outs, -1))
