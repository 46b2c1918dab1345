# mistake: the backward multiplies the upstream gradient in place
# bug: upstream_edited
import torch
from torch import Tensor


def softmax(x: Tensor, dim: int = -1) -> Tensor:
    e = torch.exp(x - x.amax(dim=dim, keepdim=True))
    return e / e.sum(dim=dim, keepdim=True)


def softmax_backward(grad_output: Tensor, output: Tensor, dim: int = -1) -> Tensor:
    grad_output *= output
    return grad_output - output * grad_output.sum(dim=dim, keepdim=True)
