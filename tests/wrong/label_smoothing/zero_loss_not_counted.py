# mistake: the mean leaves out every position whose loss is 0
# bug: mean_of_nonzero
import torch
from torch import Tensor


def smoothed_cross_entropy(logits, target, epsilon=0.1, weight=None, ignore_index=-100, reduction="mean"):
    C = logits.shape[-1]
    mask = target != ignore_index
    safe = target.masked_fill(~mask, 0)
    log_p = torch.log_softmax(logits, -1)
    w = logits.new_ones(C) if weight is None else weight
    nll = -w[safe] * log_p.gather(-1, safe[..., None])[..., 0]
    smooth = -(log_p * w).mean(-1)
    loss = torch.where(mask, (1 - epsilon) * nll + epsilon * smooth, torch.zeros_like(nll))
    if reduction == "none":
        return loss
    if reduction == "sum":
        return loss.sum()
    return loss.sum() / w[safe][loss != 0].sum()
