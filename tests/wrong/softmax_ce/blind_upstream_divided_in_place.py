# mistake: For 'mean' the backward divides grad_output by N in place, which modifies the caller's upstream gradient.
# line: 29
# bug: grad_output_edited
import torch
from torch import Tensor
from torch.nn.functional import one_hot


class SoftmaxCrossEntropy(torch.autograd.Function):
    @staticmethod
    def forward(ctx, logits: Tensor, target: Tensor, reduction: str) -> Tensor:
        batch, classes = logits.shape
        truth = one_hot(target, classes).bool()
        gap = logits - logits.amax(dim=1, keepdim=True)
        weights = gap.exp()
        mass = weights.sum(dim=1, keepdim=True)
        losses = mass.log().flatten() - gap[truth]
        ctx.save_for_backward(weights / mass, truth)
        ctx.reduction = reduction
        if reduction == "none":
            return losses
        total = losses.sum()
        return total / batch if reduction == "mean" else total

    @staticmethod
    def backward(ctx, grad_output: Tensor) -> tuple[Tensor, None, None]:
        p, truth = ctx.saved_tensors
        if ctx.reduction == "mean":
            grad_output /= p.shape[0]
        elif ctx.reduction == "none":
            grad_output = grad_output.unsqueeze(1)
        return (p - truth.to(p.dtype)) * grad_output, None, None


def softmax_cross_entropy(logits: Tensor, target: Tensor, reduction: str = "mean") -> Tensor:
    return SoftmaxCrossEntropy.apply(logits, target, reduction)
