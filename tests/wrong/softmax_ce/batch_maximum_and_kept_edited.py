# mistake: The maximum of the whole batch is subtracted from every row, so rows far below it underflow to log 0; and backward subtracts 1 in place from the kept probabilities, so a second walk of the graph is wrong.
# line: 11, 22, 23
# bug: global_max + kept_edited
import torch
from torch import Tensor


class SoftmaxCrossEntropy(torch.autograd.Function):
    @staticmethod
    def forward(ctx, logits: Tensor, target: Tensor, reduction: str) -> Tensor:
        z = logits - logits.max()
        log_z = z.exp().sum(dim=1).log()
        index = torch.arange(z.shape[0], device=z.device)
        loss = log_z - z[index, target]
        ctx.p = torch.exp(z - log_z[:, None])
        ctx.index, ctx.target = index, target
        ctx.scale = 1 / z.shape[0] if reduction == "mean" else 1
        return loss if reduction == "none" else loss.sum() * ctx.scale

    @staticmethod
    def backward(ctx, grad_output: Tensor) -> tuple[Tensor, None, None]:
        g = ctx.p
        g[ctx.index, ctx.target] -= 1
        return g * (grad_output * ctx.scale).reshape(-1, 1), None, None


def softmax_cross_entropy(logits: Tensor, target: Tensor, reduction: str = "mean") -> Tensor:
    return SoftmaxCrossEntropy.apply(logits, target, reduction)
