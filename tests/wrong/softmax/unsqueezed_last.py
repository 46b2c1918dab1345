# mistake: maximum and sum are put back at the end, whatever dim is
import torch


def softmax(x, dim=-1):
    e = (x - x.amax(dim)[..., None]).exp() if x.dim() > 1 else (x - x.max()).exp()
    return e / e.sum(dim)[..., None] if x.dim() > 1 else e / e.sum()


def softmax_backward(grad_output, output, dim=-1):
    dot = torch.sum(output * grad_output, dim, True)
    return output * (grad_output - dot)
