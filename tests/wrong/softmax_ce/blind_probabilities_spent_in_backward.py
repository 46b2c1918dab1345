# mistake: The backward subtracts 1 from the kept probabilities in place, so a second walk over the same graph starts from spoilt ones.
# line: 31
# bug: kept_edited
import torch
from torch import Tensor


class SoftmaxCrossEntropy(torch.autograd.Function):
    @staticmethod
    def forward(ctx, logits: Tensor, target: Tensor, reduction: str) -> Tensor:
        n = logits.shape[0]
        z = logits - logits.max(dim=1, keepdim=True).values
        e = z.exp()
        total = e.sum(dim=1, keepdim=True)
        ctx.probs = e / total
        ctx.target = target
        ctx.reduction = reduction
        rows = torch.arange(n, device=logits.device)
        losses = total.log().squeeze(1) - z[rows, target]
        if reduction == "mean":
            return losses.sum() / n
        if reduction == "sum":
            return losses.sum()
        return losses

    @staticmethod
    def backward(ctx, grad_output: Tensor) -> tuple[Tensor, None, None]:
        n = ctx.target.shape[0]
        rows = torch.arange(n, device=ctx.target.device)
        grad = ctx.probs
        grad[rows, ctx.target] -= 1
        if ctx.reduction == "mean":
            return grad * (grad_output / n), None, None
        if ctx.reduction == "sum":
            return grad * grad_output, None, None
        return grad * grad_output[:, None], None, None


def softmax_cross_entropy(logits: Tensor, target: Tensor, reduction: str = "mean") -> Tensor:
    return SoftmaxCrossEntropy.apply(logits, target, reduction)
