# mistake: the permutation back is that of the way there, right for some dims only
import torch


def _last(x, dim):
    order = [d for d in range(x.dim()) if d != dim % x.dim()] + [dim % x.dim()]
    return x.permute(order), order


def softmax(x, dim=-1):
    y, order = _last(x, dim)
    e = torch.exp(y - y.amax(-1, keepdim=True))
    return (e / e.sum(-1, keepdim=True)).permute(order)


def softmax_backward(grad_output, output, dim=-1):
    dot = torch.sum(output * grad_output, dim, True)
    return output * (grad_output - dot)
