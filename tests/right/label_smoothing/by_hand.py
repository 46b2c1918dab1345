"""An autograd function of its own: the gradient is Σw q · p − w q."""

import torch


class _Loss(torch.autograd.Function):
    @staticmethod
    def forward(ctx, logits, q):
        shifted = logits - logits.amax(-1, keepdim=True)
        total = shifted.exp().sum(-1, keepdim=True)
        ctx.save_for_backward(shifted.exp() / total, q)
        return (q * (total.log() - shifted)).sum(-1)

    @staticmethod
    def backward(ctx, upstream):
        p, q = ctx.saved_tensors
        return upstream.unsqueeze(-1) * (p * q.sum(-1, keepdim=True) - q), None


def smoothed_cross_entropy(logits, target, epsilon=0.1, weight=None, ignore_index=-100, reduction="mean"):
    n = logits.shape[-1]
    ignored = (target == ignore_index).unsqueeze(-1)
    index = target.unsqueeze(-1).clone()
    index[ignored] = 0
    q = torch.zeros(logits.shape, dtype=logits.dtype, device=logits.device)
    q.scatter_(-1, index, 1.0 - epsilon)
    q += epsilon / n
    if weight is not None:
        q *= weight
    q[ignored.expand_as(q)] = 0.0
    losses = _Loss.apply(logits, q)
    if reduction == "none":
        return losses
    if reduction == "sum":
        return losses.sum()
    if weight is None:
        return losses.sum() / torch.count_nonzero(~ignored)
    return losses.sum() / weight.gather(0, index[~ignored]).sum()
