# mistake: Everything is computed in float32, so float64 inputs lose half of their digits.
# bug: softmax_in_float32
# line: 10
import torch
from torch import Tensor


def attention(q: Tensor, k: Tensor, v: Tensor, mask: Tensor | None = None) -> Tensor:
    out_dtype = q.dtype
    q, k, v = q.float(), k.float(), v.float()
    logits = torch.einsum("...qd,...kd->...qk", q, k) / q.shape[-1] ** 0.5
    if mask is not None:
        logits = logits.masked_fill(~mask, float("-inf"))
    probs = torch.softmax(logits, -1)
    return torch.einsum("...qk,...kd->...qd", probs, v).to(out_dtype)
