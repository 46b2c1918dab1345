# mistake: A bare squeeze removes the batch dimension as well when there is one sample, so 'none' returns shape () instead of (1,).
# line: 21
# bug: batch_squeezed
import torch
import torch.nn.functional as F
from torch import Tensor


def shifted(logits):
    return logits - logits.max(dim=-1, keepdim=True)[0]


class SoftmaxCrossEntropy(torch.autograd.Function):
    @staticmethod
    def forward(ctx, logits: Tensor, target: Tensor, reduction: str) -> Tensor:
        ctx.save_for_backward(logits, target)
        ctx.reduction = reduction
        z = shifted(logits)
        log_norm = torch.log(torch.exp(z).sum(dim=-1, keepdim=True))
        picked = torch.gather(z, -1, target[:, None])
        per_sample = (log_norm - picked).squeeze()
        if reduction == "sum":
            return per_sample.sum()
        if reduction == "mean":
            return per_sample.sum() / target.numel()
        return per_sample

    @staticmethod
    def backward(ctx, grad_output: Tensor) -> tuple[Tensor, None, None]:
        logits, target = ctx.saved_tensors
        e = torch.exp(shifted(logits))
        p = e / e.sum(dim=-1, keepdim=True)
        y = F.one_hot(target, logits.shape[-1]).to(p.dtype)
        weight = grad_output.reshape(-1, 1)
        if ctx.reduction == "mean":
            weight = weight / target.numel()
        return weight * (p - y), None, None


def softmax_cross_entropy(logits: Tensor, target: Tensor, reduction: str = "mean") -> Tensor:
    return SoftmaxCrossEntropy.apply(logits, target, reduction)
