# mistake: The class only knows 'none' and the wrapper reduces afterwards, so a second node stands between the loss and the class.
# line: 37
# bug: reduced_outside
import torch
from torch import Tensor


class SoftmaxCrossEntropy(torch.autograd.Function):
    @staticmethod
    def forward(ctx, logits: Tensor, target: Tensor, reduction: str) -> Tensor:
        shifted = logits - logits.amax(dim=1, keepdim=True)
        logp = shifted - shifted.exp().sum(dim=1, keepdim=True).log()
        ctx.save_for_backward(logp, target)
        ctx.reduction = reduction
        loss = -logp[torch.arange(len(target), device=target.device), target]
        if reduction == "mean":
            loss = loss.mean()
        elif reduction == "sum":
            loss = loss.sum()
        return loss

    @staticmethod
    def backward(ctx, grad_output: Tensor) -> tuple[Tensor, None, None]:
        logp, target = ctx.saved_tensors
        grad = logp.exp()
        grad[torch.arange(len(target), device=target.device), target] -= 1
        if ctx.reduction == "none":
            grad *= grad_output[:, None]
        elif ctx.reduction == "mean":
            grad *= grad_output / len(target)
        else:
            grad *= grad_output
        return grad, None, None


def softmax_cross_entropy(logits: Tensor, target: Tensor, reduction: str = "mean") -> Tensor:
    losses = SoftmaxCrossEntropy.apply(logits, target, "none")
    if reduction == "mean":
        return losses.mean()
    if reduction == "sum":
        return losses.sum()
    return losses
