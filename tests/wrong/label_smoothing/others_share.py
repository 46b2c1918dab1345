# mistake: epsilon is shared by the C − 1 wrong classes
# bug: shared_by_the_others
import torch


def smoothed_cross_entropy(logits, target, epsilon=0.1, weight=None, ignore_index=-100, reduction="mean"):
    n = logits.shape[-1]
    ignored = target == ignore_index
    index = target.masked_fill(ignored, 0)[..., None]
    q = torch.full_like(logits.detach(), epsilon / max(n - 1, 1)).scatter(
        -1, index, 1 - epsilon if n > 1 else 1 - epsilon
    )
    w = torch.ones_like(q) if weight is None else weight.expand_as(q)
    losses = (-w * q * logits.log_softmax(-1)).sum(-1).masked_fill(ignored, 0)
    if reduction == "none":
        return losses
    if reduction == "sum":
        return losses.sum()
    return losses.sum() / w.gather(-1, index)[..., 0].masked_fill(ignored, 0).sum()
