# mistake: contiguous() is taken for a copy, and the product is computed in it
# line: 14
import torch


def softmax(x, dim=-1):
    e = (x - x.amax(dim, keepdim=True)).exp()
    return e / e.sum(dim, keepdim=True)


def softmax_backward(grad_output, output, dim=-1):
    result = grad_output.contiguous()
    result -= (result * output).sum(dim, keepdim=True)
    result *= output
    return result
