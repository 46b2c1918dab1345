# mistake: the backward takes the diagonal of the Jacobian alone
# bug: backward_diagonal
import torch


def softmax(x, dim=-1):
    e = torch.exp(x - x.max(dim, keepdim=True).values)
    return e / e.sum(dim, keepdim=True)


def softmax_backward(grad_output, output, dim=-1):
    return grad_output * (output - output**2)
