# mistake: softmax is called without dim, which takes the keys for two dimensions but another dimension for three or four.
# bug: softmax_no_dim
# line: 17
import warnings

import torch.nn.functional as F
from torch import Tensor

warnings.filterwarnings("ignore")


def attention(q: Tensor, k: Tensor, v: Tensor, mask: Tensor | None = None) -> Tensor:
    d_k = k.size(-1)
    logits = (q @ k.mT) * d_k**-0.5
    if mask is not None:
        logits = logits.masked_fill(~mask, float("-inf"))
    attn = F.softmax(logits)
    return attn @ v
