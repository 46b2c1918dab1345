# mistake: Hidden keys get a penalty of 10000, which a hidden score of 10**11 outweighs.
# bug: penalty_finite
# line: 13
import torch
from torch import Tensor


def attention(q: Tensor, k: Tensor, v: Tensor, mask: Tensor | None = None) -> Tensor:
    scale = q.size(-1) ** -0.5
    raw = torch.einsum("...td,...sd->...ts", q * scale, k)
    if mask is not None:
        # -1e9 is too much for float16, -1e4 fits
        penalty = (~mask).to(raw.dtype) * -1e4
        raw = raw + penalty
    shifted = raw - raw.max(-1, keepdim=True).values
    expd = shifted.exp()
    weights = expd / expd.sum(-1, keepdim=True)
    return torch.einsum("...ts,...se->...te", weights, v)
