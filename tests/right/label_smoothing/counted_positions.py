"""Only the positions that count are computed, and put back where they came from."""

import torch


def smoothed_cross_entropy(logits, target, epsilon=0.1, weight=None, ignore_index=-100, reduction="mean"):
    where = target.ne(ignore_index)
    z, t = logits[where], target[where]
    log_p = z - torch.logsumexp(z, dim=1, keepdim=True)
    if weight is None:
        weight = torch.ones_like(logits[..., :1]).detach().reshape(-1)[:1].expand(logits.shape[-1])
    rows = torch.arange(len(t), device=t.device)
    nll = -log_p[rows, t] * weight[t]
    uniform = -(log_p @ weight) / z.shape[1]
    losses = torch.lerp(nll, uniform, epsilon)
    if reduction == "mean":
        return losses.sum() / weight[t].sum()
    if reduction == "sum":
        return losses.sum()
    return torch.zeros(target.shape, dtype=losses.dtype, device=losses.device).masked_scatter(where, losses)
