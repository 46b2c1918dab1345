# mistake: one_hot takes the number of classes from the largest target, too few if the last class is absent; and grad_output is divided in place.
# line: 26, 29
# bug: one_hot_too_narrow
import torch
import torch.nn.functional as F
from torch import Tensor


def _log_probs(z):
    z = z - z.amax(-1, keepdim=True)
    return z - torch.log(torch.exp(z).sum(-1, keepdim=True))


class SoftmaxCrossEntropy(torch.autograd.Function):
    @staticmethod
    def forward(ctx, logits: Tensor, target: Tensor, reduction: str) -> Tensor:
        lp = _log_probs(logits)
        ctx.save_for_backward(lp, target)
        ctx.reduction = reduction
        losses = -lp.gather(1, target[:, None])[:, 0]
        return {"mean": losses.mean(), "sum": losses.sum(), "none": losses}[reduction]

    @staticmethod
    def backward(ctx, grad_output: Tensor) -> tuple[Tensor, None, None]:
        lp, target = ctx.saved_tensors
        diff = lp.exp() - F.one_hot(target).to(lp.dtype)
        scale = grad_output
        if ctx.reduction == "mean":
            scale /= lp.shape[0]
        return diff * scale.reshape(-1, 1), None, None


def softmax_cross_entropy(logits: Tensor, target: Tensor, reduction: str = "mean") -> Tensor:
    return SoftmaxCrossEntropy.apply(logits, target, reduction)
