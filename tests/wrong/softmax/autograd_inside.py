# mistake: the backward rebuilds x as log p and lets the forward mode of autograd differentiate
import torch


def softmax(x, dim=-1):
    e = torch.exp(x - x.amax(dim, keepdim=True))
    return e / e.sum(dim, keepdim=True)


def softmax_backward(grad_output, output, dim=-1):
    # the Jacobian is symmetric: a jvp is a vjp
    x = output.clamp_min(1e-300).log()
    return torch.func.jvp(lambda t: softmax(t, dim), (x,), (grad_output,))[1]
