# mistake: The backward divides by N for everything but 'sum', so the gradient of 'none' is N times too small.
# line: 31
# bug: gradient_none_divided
import torch
from torch import Tensor


class SoftmaxCrossEntropy(torch.autograd.Function):
    @staticmethod
    def forward(ctx, logits: Tensor, target: Tensor, reduction: str) -> Tensor:
        n_samples, n_classes = logits.shape
        z_max = torch.max(logits, dim=1, keepdim=True).values
        exp_z = torch.exp(logits - z_max)
        denom = torch.sum(exp_z, dim=1, keepdim=True)
        z_true = torch.gather(logits - z_max, 1, target.unsqueeze(1))
        losses = (torch.log(denom) - z_true).squeeze(1)
        ctx.save_for_backward(exp_z / denom, target)
        ctx.reduction = reduction
        if reduction == "mean":
            return torch.mean(losses)
        elif reduction == "sum":
            return torch.sum(losses)
        else:
            return losses

    @staticmethod
    def backward(ctx, grad_output: Tensor) -> tuple[Tensor, None, None]:
        probs, target = ctx.saved_tensors
        dlogits = probs.clone()
        dlogits[torch.arange(len(target), device=target.device), target] -= 1
        if ctx.reduction != "sum":
            dlogits = dlogits / len(target)
        if ctx.reduction == "none":
            dlogits = dlogits * grad_output.unsqueeze(1)
        else:
            dlogits = dlogits * grad_output
        return dlogits, None, None


def softmax_cross_entropy(logits: Tensor, target: Tensor, reduction: str = "mean") -> Tensor:
    return SoftmaxCrossEntropy.apply(logits, target, reduction)
