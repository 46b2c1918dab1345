"""Scaled dot-product attention (Vaswani et al., 2017).

Attention(Q, K, V) = softmax(QKᵀ / √dₖ) V

The softmax runs over the keys. Where the mask is False the key is hidden: score −∞, weight 0.
"""

import math

from torch import Tensor


def attention(q: Tensor, k: Tensor, v: Tensor, mask: Tensor | None = None) -> Tensor:
    d_k = q.shape[-1]
    similarity = q @ k.mT  # (…, Tq, Tk)
    scores = similarity / math.sqrt(d_k)  # (…, Tq, Tk)
    if mask is not None:
        scores = scores.masked_fill(~mask, -math.inf)  # (…, Tq, Tk)
    weights = scores.softmax(dim=-1)  # (…, Tq, Tk), each row sums to 1
    output = weights @ v  # (…, Tq, dᵥ)
    return output
