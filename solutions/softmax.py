"""Softmax along one dimension, and its gradient.

    pⱼ = exp(xⱼ) / Σₖ exp(xₖ),   ∂L/∂xᵢ = Σⱼ gⱼ pⱼ (δᵢⱼ − pᵢ) = pᵢ (gᵢ − Σⱼ gⱼ pⱼ)

g = ∂L/∂p is what arrives from above.
"""

from torch import Tensor


def softmax(x: Tensor, dim: int = -1) -> Tensor:
    peak = x.amax(dim, keepdim=True)  # 1 along dim
    shifted = x - peak  # at most 0
    exps = shifted.exp()  # the largest of each slice is 1
    total = exps.sum(dim, keepdim=True)  # at least 1
    p = exps / total
    return p


def softmax_backward(grad_output: Tensor, output: Tensor, dim: int = -1) -> Tensor:
    weighted = grad_output * output
    mean = weighted.sum(dim, keepdim=True)  # Σⱼ gⱼ pⱼ: the mean of g under p, 1 along dim
    centred = grad_output - mean
    grad_x = output * centred
    return grad_x
