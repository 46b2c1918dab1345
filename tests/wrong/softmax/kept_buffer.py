# mistake: without gradients the result lies in a buffer that the next call of that shape overwrites
import torch

_buffers = {}


def softmax(x, dim=-1):
    e = torch.exp(x - x.amax(dim, keepdim=True))
    p = e / e.sum(dim, keepdim=True)
    if p.requires_grad:
        return p
    if x.shape not in _buffers:
        _buffers[x.shape] = p.clone()
    return _buffers[x.shape].copy_(p)


def softmax_backward(grad_output, output, dim=-1):
    dot = torch.sum(output * grad_output, dim, True)
    return output * (grad_output - dot)
