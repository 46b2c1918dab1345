# mistake: The softmax is always computed in float32 (a habit from half precision), which throws half of the digits of float64 away.
# bug: softmax_in_float32
# line: 16
import math

import torch
import torch.nn.functional as F
from torch import Tensor


def attention(q: Tensor, k: Tensor, v: Tensor, mask: Tensor | None = None) -> Tensor:
    attn_scores = torch.matmul(q, k.transpose(-2, -1)) / math.sqrt(k.shape[-1])
    if mask is not None:
        attn_scores = attn_scores.masked_fill(mask.logical_not(), torch.finfo(q.dtype).min)
    # upcast for stability, as the big models do
    attn_weights = F.softmax(attn_scores, dim=-1, dtype=torch.float32).to(q.dtype)
    return torch.matmul(attn_weights, v)
