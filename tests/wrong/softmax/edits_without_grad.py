# mistake: x is shifted in place if it needs no gradient
# line: 9
import torch


def softmax(x, dim=-1):
    top = x.amax(dim, keepdim=True)
    if not x.requires_grad:
        x -= top
        e = x.exp()
    else:
        e = (x - top).exp()
    return e / e.sum(dim, keepdim=True)


def softmax_backward(grad_output, output, dim=-1):
    dot = torch.sum(output * grad_output, dim, True)
    return output * (grad_output - dot)
