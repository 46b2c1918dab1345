# mistake: 1e-8 is added to the sum of exponentials
# bug: eps_added
import torch


def softmax(x, dim=-1):
    e = torch.exp(x - x.amax(dim=dim, keepdim=True).detach())
    return e / (e.sum(dim=dim, keepdim=True) + 1e-8)


def softmax_backward(grad_output, output, dim=-1):
    dot = torch.sum(output * grad_output, dim, True)
    return output * grad_output - output * dot
