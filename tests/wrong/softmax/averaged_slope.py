# mistake: the plain mean of the upstream gradient is subtracted
# bug: backward_plain_mean
import torch


def softmax(x, dim=-1):
    e = torch.exp(x - x.amax(dim=dim, keepdim=True).detach())
    return e / e.sum(dim=dim, keepdim=True)


def softmax_backward(grad_output, output, dim=-1):
    n = output.shape[dim]
    return output * (grad_output - grad_output.sum(dim, keepdim=True) / n)
