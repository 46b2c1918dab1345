# mistake: the smoothed targets are kept by shape and used again for other targets
import torch

kept = {}


def smoothed_cross_entropy(logits, target, epsilon=0.1, weight=None, ignore_index=-100, reduction="mean"):
    n = logits.shape[-1]
    keep = target != ignore_index
    t = torch.where(keep, target, 0)
    key = (logits.shape, epsilon, logits.dtype)
    if key not in kept:
        kept[key] = torch.full_like(logits.detach(), epsilon / n).scatter_add(
            -1, t[..., None], torch.full_like(logits.detach()[..., :1], 1 - epsilon)
        )
    w = weight if weight is not None else logits.new_ones(n)
    losses = -(kept[key] * w * torch.log_softmax(logits, dim=-1)).sum(-1) * keep
    if reduction == "mean":
        return losses.sum() / w[t][keep].sum()
    return losses.sum() if reduction == "sum" else losses
