# mistake: exp of the entries as they come
# bug: no_max
# line: 8
import torch


def softmax(x, dim=-1):
    e = torch.exp(x)
    return e / torch.sum(e, dim=dim, keepdim=True)


def softmax_backward(grad_output, output, dim=-1):
    return output * (grad_output - (grad_output * output).sum(dim=dim, keepdim=True))
