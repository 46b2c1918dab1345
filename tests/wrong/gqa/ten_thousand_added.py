# mistake: Hidden keys only get -10000 added to their scores, which is too little when scores are larger than that.
# line: 32, 37
# bug: fill_finite
import torch
from torch import Tensor, nn


def check(total: int, part: int, what: str) -> int:
    if total % part:
        raise ValueError(f"{what}: {total} is not a multiple of {part}")
    return total // part


class GroupedQueryAttention(nn.Module):
    def __init__(self, d_model: int, n_heads: int, n_kv_heads: int):
        super().__init__()
        self.width = check(d_model, n_heads, "d_model")
        self.share = check(n_heads, n_kv_heads, "n_heads")
        self.n_heads = n_heads
        kv_width = n_kv_heads * self.width
        self.w_q = nn.Linear(d_model, d_model, bias=False)
        self.w_k = nn.Linear(d_model, kv_width, bias=False)
        self.w_v = nn.Linear(d_model, kv_width, bias=False)
        self.w_o = nn.Linear(d_model, d_model, bias=False)

    def forward(self, x: Tensor, mask: Tensor | None = None) -> Tensor:
        queries = self.w_q(x).split(self.width, dim=-1)
        keys = self.w_k(x).split(self.width, dim=-1)
        values = self.w_v(x).split(self.width, dim=-1)
        penalty = 0.0
        if mask is not None:
            penalty = (~mask).to(x.dtype) * -10000.0
        heads = []
        for h in range(self.n_heads):
            g = h // self.share
            scores = queries[h] @ keys[g].mT * self.width**-0.5
            weights = torch.softmax(scores + penalty, dim=-1)
            heads.append(weights @ values[g])
        return self.w_o(torch.cat(heads, dim=-1))
