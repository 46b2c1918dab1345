# mistake: What the backward needs is stored on the class instead of on ctx, so each backward sees the latest forward only.
# line: 14
# bug: shared_state
import torch
from torch import Tensor


class SoftmaxCrossEntropy(torch.autograd.Function):
    @staticmethod
    def forward(ctx, logits: Tensor, target: Tensor, reduction: str) -> Tensor:
        peak = logits.amax(1, keepdim=True)
        log_p = logits - peak
        log_p = log_p - log_p.exp().sum(1, keepdim=True).log()
        SoftmaxCrossEntropy.cache = (log_p, target, reduction)
        nll = -log_p.gather(1, target.view(-1, 1)).view(-1)
        if reduction == "none":
            return nll
        return nll.mean() if reduction == "mean" else nll.sum()

    @staticmethod
    def backward(ctx, grad_output: Tensor) -> tuple[Tensor, None, None]:
        log_p, target, reduction = SoftmaxCrossEntropy.cache
        delta = log_p.exp()
        delta.scatter_add_(1, target.view(-1, 1), -torch.ones_like(delta[:, :1]))
        if reduction == "mean":
            grad_output = grad_output / len(target)
        if reduction == "none":
            grad_output = grad_output.unsqueeze(-1)
        return grad_output * delta, None, None


def softmax_cross_entropy(logits: Tensor, target: Tensor, reduction: str = "mean") -> Tensor:
    return SoftmaxCrossEntropy.apply(logits, target, reduction)
