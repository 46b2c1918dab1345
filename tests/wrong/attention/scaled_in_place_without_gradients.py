# mistake: Under no_grad the queries are scaled in place, the caller's own tensor.
# line: 8
import torch


def attention(q, k, v, mask=None):
    if not torch.is_grad_enabled():
        q.mul_(q.shape[-1] ** -0.5)
        scores = torch.einsum("...qd,...kd->...qk", q, k)
    else:
        scores = torch.einsum("...qd,...kd->...qk", q, k) / q.shape[-1] ** 0.5
    if mask is not None:
        scores = torch.where(mask, scores, float("-inf"))
    return scores.softmax(-1) @ v
