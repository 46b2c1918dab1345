# mistake: The forward subtracts the row maximum but the backward recomputes the softmax without it, so the gradient of large logits is nan.
# line: 29
# bug: backward_no_max
import torch
from torch import Tensor


class SoftmaxCrossEntropy(torch.autograd.Function):
    @staticmethod
    def forward(ctx, logits: Tensor, target: Tensor, reduction: str) -> Tensor:
        ctx.save_for_backward(logits, target)
        ctx.reduction = reduction
        top, _ = logits.max(dim=1)
        centered = logits - top.unsqueeze(1)
        lse = centered.exp().sum(dim=1).log()
        idx = torch.arange(logits.size(0), device=logits.device)
        loss = lse - centered[idx, target]
        match reduction:
            case "mean":
                return loss.mean()
            case "sum":
                return loss.sum()
            case _:
                return loss

    @staticmethod
    def backward(ctx, grad_output: Tensor) -> tuple[Tensor, None, None]:
        logits, target = ctx.saved_tensors
        exps = torch.exp(logits)
        grad = exps / exps.sum(dim=1, keepdim=True)
        idx = torch.arange(logits.size(0), device=logits.device)
        grad[idx, target] -= 1.0
        if ctx.reduction == "none":
            grad = torch.einsum("n,nc->nc", grad_output, grad)
        else:
            grad = grad * grad_output
        if ctx.reduction == "mean":
            grad = grad / logits.size(0)
        return grad, None, None


def softmax_cross_entropy(logits: Tensor, target: Tensor, reduction: str = "mean") -> Tensor:
    return SoftmaxCrossEntropy.apply(logits, target, reduction)
