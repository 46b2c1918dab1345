# mistake: Hidden scores are filled with the smallest float32, which float16 cannot hold.
# line: 32
# bug: fill_finite
import torch
from torch import Tensor, nn


def permitted(x: Tensor, valid: Tensor | None, causal: bool) -> Tensor:
    """(B or 1, T, T), True where the query (row) may look at the key (column)."""
    T = x.size(1)
    ok = torch.ones(1, T, T, dtype=torch.bool, device=x.device)
    if causal:
        ok = ok.tril()
    if valid is not None:
        ok = ok & valid.unsqueeze(1)
    return ok


class MultiHeadAttention(nn.Module):
    def __init__(self, d_model: int, n_heads: int):
        super().__init__()
        self.d, rest = divmod(d_model, n_heads)
        if rest != 0:
            raise ValueError("d_model must be divisible by n_heads")
        self.w_q = nn.Linear(d_model, d_model)
        self.w_k = nn.Linear(d_model, d_model)
        self.w_v = nn.Linear(d_model, d_model)
        self.w_o = nn.Linear(d_model, d_model)

    def one_head(self, q: Tensor, k: Tensor, v: Tensor, ok: Tensor) -> Tensor:
        scores = torch.bmm(q, k.transpose(1, 2)) / self.d**0.5
        scores = scores.masked_fill(~ok, torch.finfo(torch.float32).min)
        return torch.bmm(torch.softmax(scores, dim=2), v)

    def forward(self, x: Tensor, valid: Tensor | None = None, causal: bool = False) -> Tensor:
        ok = permitted(x, valid, causal)
        slices = zip(*(layer(x).split(self.d, dim=2) for layer in (self.w_q, self.w_k, self.w_v)))
        return self.w_o(torch.cat([self.one_head(q, k, v, ok) for q, k, v in slices], dim=2))
