# mistake: to ignore the padding class, its weight is set to 0 in the caller's tensor
# line: 10
import torch


def smoothed_cross_entropy(logits, target, epsilon=0.1, weight=None, ignore_index=-100, reduction="mean"):
    n = logits.shape[-1]
    if weight is not None and 0 <= ignore_index < n and bool((target == ignore_index).any()):
        kept = weight[ignore_index].clone()
        weight[ignore_index] = 0
    keep = target != ignore_index
    t = torch.where(keep, target, 0)
    w = weight if weight is not None else logits.new_ones(n)
    losses = (1 - epsilon) * -(w[t] * torch.log_softmax(logits, dim=-1).gather(-1, t[..., None])[..., 0])
    if weight is not None and 0 <= ignore_index < n and bool((target == ignore_index).any()):
        share = torch.cat([w[:ignore_index], kept[None], w[ignore_index + 1 :]])
    else:
        share = w
    losses = (losses - epsilon / n * (share * torch.log_softmax(logits, dim=-1)).sum(-1)) * keep
    if reduction == "mean":
        return losses.sum() / w[t][keep].sum()
    return losses.sum() if reduction == "sum" else losses
