# mistake: the loss of ignored positions is zero, but written into .data, so that their gradient stays
import torch


def smoothed_cross_entropy(logits, target, epsilon=0.1, weight=None, ignore_index=-100, reduction="mean"):
    n = logits.shape[-1]
    keep = target != ignore_index
    t = torch.where(keep, target, 0)
    w = weight if weight is not None else logits.new_ones(n)
    cost = -torch.log_softmax(logits, dim=-1) * w
    losses = (1 - epsilon) * cost.gather(-1, t[..., None])[..., 0] + epsilon * cost.mean(-1)
    losses.data[~keep] = 0
    if reduction == "mean":
        return losses.sum() / w[t][keep].sum()
    return losses.sum() if reduction == "sum" else losses
