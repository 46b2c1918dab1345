"""An autograd.Function: an online forward over the slices, whose backward is softmax_backward, entry by entry."""

import torch
from torch import Tensor


class _Online(torch.autograd.Function):
    """One walk for the maximum and the sum, as flash attention does."""

    @staticmethod
    def forward(ctx, x, dim):
        slices = x.unbind(dim)
        top = torch.full_like(slices[0], -torch.inf)
        total = torch.zeros_like(top)
        for row in slices:
            new = torch.maximum(top, row)
            safe = torch.where(new == -torch.inf, torch.zeros_like(new), new)
            total = total * torch.exp(top - safe) + torch.exp(row - safe)
            top = new
        out = torch.stack([torch.exp(row - top) / total for row in slices], dim)
        ctx.dim = dim
        ctx.save_for_backward(out)
        return out

    @staticmethod
    def backward(ctx, grad):
        (out,) = ctx.saved_tensors
        return softmax_backward(grad, out, ctx.dim), None


def softmax(x: Tensor, dim: int = -1) -> Tensor:
    return _Online.apply(x, dim)


def softmax_backward(grad_output: Tensor, output: Tensor, dim: int = -1) -> Tensor:
    result = torch.empty_like(output)
    mean = torch.zeros_like(output.select(dim, 0))
    for k in range(output.shape[dim]):
        mean += grad_output.select(dim, k) * output.select(dim, k)
    for k in range(output.shape[dim]):
        result.select(dim, k).copy_(output.select(dim, k) * (grad_output.select(dim, k) - mean))
    return result
