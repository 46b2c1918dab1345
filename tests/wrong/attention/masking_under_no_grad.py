# mistake: The mask is applied inside no_grad, so with a mask the queries and keys get no gradient.
# line: 13
import math

import torch
from torch import Tensor, nn


def attention(q: Tensor, k: Tensor, v: Tensor, mask: Tensor | None = None) -> Tensor:
    softmax = nn.Softmax(dim=-1)
    compat = q.matmul(k.mT).div(math.sqrt(q.shape[-1]))
    if mask is not None:
        with torch.no_grad():  # the mask is not learned
            compat = compat.masked_fill(~mask, -math.inf)
    return softmax(compat).matmul(v)
