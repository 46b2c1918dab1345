# mistake: In half precision the queries are scaled in place, the caller's own tensor.
# line: 8
import torch


def attention(q, k, v, mask=None):
    if q.dtype in (torch.float16, torch.bfloat16) and not q.requires_grad:
        q *= q.shape[-1] ** -0.5
    else:
        q = q / q.shape[-1] ** 0.5
    scores = q @ k.transpose(-2, -1)
    if mask is not None:
        scores = scores.masked_fill(~mask, float("-inf"))
    return torch.softmax(scores, dim=-1) @ v
