# mistake: Where no gradient is needed the maximum is subtracted from the logits themselves, to save memory.
# line: 10
import torch
import torch.nn.functional as F


class SoftmaxCrossEntropy(torch.autograd.Function):
    @staticmethod
    def forward(ctx, logits, target, reduction):
        z = logits if ctx.needs_input_grad[0] else logits.sub_(logits.amax(1, keepdim=True))
        z = z - z.amax(1, keepdim=True)
        p = z.exp() / z.exp().sum(1, keepdim=True)
        losses = z.exp().sum(1).log() - z.gather(1, target[:, None])[:, 0]
        ctx.save_for_backward(p, target)
        ctx.reduction = reduction
        return {"mean": losses.mean, "sum": losses.sum, "none": lambda: losses}[reduction]()

    @staticmethod
    def backward(ctx, grad_output):
        p, target = ctx.saved_tensors
        d = p - F.one_hot(target, p.shape[1])
        if ctx.reduction == "mean":
            d = d / len(target)
        return d * grad_output[..., None], None, None


def softmax_cross_entropy(logits, target, reduction="mean"):
    return SoftmaxCrossEntropy.apply(logits, target, reduction)
