# mistake: −∞ is cut off at −10⁴, which counts beside finite entries as low
# bug: infinity_floored
import torch
from torch import Tensor


def softmax(x: Tensor, dim: int = -1) -> Tensor:
    x = x.clamp(min=-1e4)
    e = torch.exp(x - x.amax(dim=dim, keepdim=True))
    return e / e.sum(dim=dim, keepdim=True)


def softmax_backward(grad_output: Tensor, output: Tensor, dim: int = -1) -> Tensor:
    return output * (grad_output - (grad_output * output).sum(dim=dim, keepdim=True))
