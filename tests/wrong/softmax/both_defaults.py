# mistake: two: both functions run along the first dimension by default
# bug: default_first + backward_default_first
import torch


def softmax(x, dim=0):
    e = (x - x.amax(dim, keepdim=True)).exp()
    return e / e.sum(dim, keepdim=True)


def softmax_backward(grad_output, output, dim=0):
    dot = torch.sum(output * grad_output, dim, True)
    return output * (grad_output - dot)
