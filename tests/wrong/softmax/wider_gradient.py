# mistake: the backward computes in float64 and forgets to come back
import torch


def softmax(x, dim=-1):
    e = (x - x.amax(dim, keepdim=True)).exp()
    return e / e.sum(dim, keepdim=True)


def softmax_backward(grad_output, output, dim=-1):
    g, p = grad_output.double(), output.double()
    return p * (g - torch.sum(p * g, dim, True))
