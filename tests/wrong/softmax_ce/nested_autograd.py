# mistake: backward asks autograd for the gradient
import torch


def losses_of(z, target):
    z = z - z.amax(1, keepdim=True).detach()
    return z.exp().sum(1).log() - z.gather(1, target[:, None])[:, 0]


class SoftmaxCrossEntropy(torch.autograd.Function):
    @staticmethod
    def forward(ctx, logits, target, reduction):
        ctx.save_for_backward(logits, target)
        ctx.reduction = reduction
        losses = losses_of(logits, target)
        return losses if reduction == "none" else getattr(losses, reduction)()

    @staticmethod
    def backward(ctx, grad_output):
        logits, target = ctx.saved_tensors
        with torch.inference_mode(False), torch.enable_grad():
            z = logits.detach().clone().requires_grad_()
            losses = losses_of(z, target)
            loss = losses if ctx.reduction == "none" else getattr(losses, ctx.reduction)()
            (grad,) = torch.autograd.grad(loss, z, grad_output.clone())
        return grad, None, None


def softmax_cross_entropy(logits, target, reduction="mean"):
    return SoftmaxCrossEntropy.apply(logits, target, reduction)
