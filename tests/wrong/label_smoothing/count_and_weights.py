# mistake: two: weights apply to the true class alone, and the mean counts ignored positions
# bug: mean_counts_ignored + weight_of_true_alone
import torch


def smoothed_cross_entropy(logits, target, epsilon=0.1, weight=None, ignore_index=-100, reduction="mean"):
    n = logits.shape[-1]
    keep = target != ignore_index
    t = torch.where(keep, target, 0)
    w = weight if weight is not None else logits.new_ones(n)
    log_p = torch.log_softmax(logits, dim=-1)
    losses = -(1 - epsilon) * w[t] * log_p.gather(-1, t[..., None])[..., 0] - epsilon * log_p.mean(-1)
    losses = losses.masked_fill(~keep, 0)
    if reduction == "mean":
        return losses.sum() / w[t].sum()
    return losses.sum() if reduction == "sum" else losses
