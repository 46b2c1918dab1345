# mistake: the backward sums the upstream gradient without the weights
# bug: backward_plain_sum
import torch
from torch import Tensor


def softmax(x: Tensor, dim: int = -1) -> Tensor:
    e = torch.exp(x - x.amax(dim=dim, keepdim=True))
    return e / e.sum(dim=dim, keepdim=True)


def softmax_backward(grad_output: Tensor, output: Tensor, dim: int = -1) -> Tensor:
    return output * (grad_output - grad_output.sum(dim=dim, keepdim=True))
