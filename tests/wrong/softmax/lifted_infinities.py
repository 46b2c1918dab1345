# mistake: −∞ is replaced by −650, above the entries of a slice near −900
import torch


def softmax(x, dim=-1):
    x = x.masked_fill(x == -torch.inf, -650.0)
    e = torch.exp(x - x.amax(dim, keepdim=True))
    return e / e.sum(dim, keepdim=True)


def softmax_backward(grad_output, output, dim=-1):
    dot = torch.sum(output * grad_output, dim, True)
    return output * (grad_output - dot)
