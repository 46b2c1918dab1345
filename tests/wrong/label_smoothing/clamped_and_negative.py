# mistake: negative targets are ignored, larger ones clamped to the last class
# bug: negatives_ignored
import torch
from torch import Tensor


def smoothed_cross_entropy(logits, target, epsilon=0.1, weight=None, ignore_index=-100, reduction="mean"):
    C = logits.shape[-1]
    mask = target >= 0
    safe = target.clamp(min=0, max=C - 1).unsqueeze(-1)
    log_p = logits.log_softmax(-1)
    w = logits.new_ones(C) if weight is None else weight
    q = torch.full_like(log_p, epsilon / C)
    q.scatter_add_(-1, safe, torch.full_like(q, 1 - epsilon))
    loss = (-(w * q * log_p).sum(-1)).masked_fill(~mask, 0)
    if reduction == "none":
        return loss
    if reduction == "sum":
        return loss.sum()
    return loss.sum() / w[safe.squeeze(-1)].masked_fill(~mask, 0).sum()
