# mistake: the maximum of the whole tensor is subtracted
# bug: global_max
import torch


def softmax(x, dim=-1):
    e = torch.exp(x - torch.max(x).detach())
    return e / torch.sum(e, dim=dim, keepdim=True)


def softmax_backward(grad_output, output, dim=-1):
    gp = grad_output * output
    return gp - output * gp.sum(dim=dim, keepdim=True)
