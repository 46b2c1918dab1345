# mistake: The true logits are fetched by flat position through view(-1), which refuses logits that are not contiguous.
# line: 16
import torch
from torch import Tensor


class SoftmaxCrossEntropy(torch.autograd.Function):
    @staticmethod
    def forward(ctx, logits: Tensor, target: Tensor, reduction: str) -> Tensor:
        n, c = logits.shape
        where = torch.arange(n, device=logits.device) * c + target
        ctx.save_for_backward(logits, where)
        ctx.reduction = reduction
        biggest = logits.amax(dim=1)
        lse = torch.log(torch.exp(logits - biggest[:, None]).sum(dim=1))
        flat = logits.view(-1)
        losses = lse - (flat[where] - biggest)
        if reduction == "none":
            return losses
        return losses.sum() / (n if reduction == "mean" else 1)

    @staticmethod
    def backward(ctx, grad_output: Tensor) -> tuple[Tensor, None, None]:
        logits, where = ctx.saved_tensors
        e = torch.exp(logits - logits.amax(dim=1, keepdim=True))
        grad = (e / e.sum(dim=1, keepdim=True)).contiguous()
        grad.view(-1)[where] -= 1
        scale = grad_output if ctx.reduction != "mean" else grad_output / len(where)
        return grad * scale.reshape(-1, 1), None, None


def softmax_cross_entropy(logits: Tensor, target: Tensor, reduction: str = "mean") -> Tensor:
    return SoftmaxCrossEntropy.apply(logits, target, reduction)
