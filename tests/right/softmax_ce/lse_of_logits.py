"""log p = logits − log Σ exp(logits), the log-sum-exp with the maximum added back; contiguous logits go in."""

import torch


class SoftmaxCrossEntropy(torch.autograd.Function):
    @staticmethod
    def forward(ctx, logits, target, reduction):
        top = logits.max(dim=1, keepdim=True).values
        lse = top + (logits - top).exp().sum(dim=1, keepdim=True).log()
        logp = logits - lse
        ctx.save_for_backward(logp, target)
        ctx.reduction = reduction
        nll = -logp[torch.arange(len(target), device=target.device), target]
        if reduction == "mean":
            return nll.mean()
        elif reduction == "sum":
            return nll.sum()
        else:
            return nll

    @staticmethod
    def backward(ctx, grad_output):
        logp, target = ctx.saved_tensors
        grad = logp.exp()
        grad[torch.arange(len(target), device=target.device), target] -= 1
        if ctx.reduction == "mean":
            grad = grad / len(target)
        if ctx.reduction == "none":
            grad_output = grad_output.unsqueeze(1)
        return grad * grad_output, None, None


def softmax_cross_entropy(logits, target, reduction="mean"):
    return SoftmaxCrossEntropy.apply(logits.contiguous(), target, reduction)
