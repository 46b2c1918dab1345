# mistake: the smoothing term is divided by the sum of the weights, not by C
# bug: share_by_weights
import torch
from torch import Tensor


def smoothed_cross_entropy(logits, target, epsilon=0.1, weight=None, ignore_index=-100, reduction="mean"):
    C = logits.shape[-1]
    mask = target != ignore_index
    safe = target.masked_fill(~mask, 0)
    log_p = torch.log_softmax(logits, -1)
    w = logits.new_ones(C) if weight is None else weight
    nll = -w[safe] * log_p.gather(-1, safe[..., None])[..., 0]
    smooth = -(log_p * w).sum(-1) / w.sum()
    loss = ((1 - epsilon) * nll + epsilon * smooth) * mask
    if reduction == "none":
        return loss
    if reduction == "sum":
        return loss.sum()
    return loss.sum() / (w[safe] * mask).sum()
