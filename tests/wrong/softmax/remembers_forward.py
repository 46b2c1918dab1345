# mistake: the backward goes by the weights of the latest forward, and looks at output only where shapes differ
import torch

latest = None


def softmax(x, dim=-1):
    global latest
    e = (x - x.amax(dim, keepdim=True)).exp()
    latest = e / e.sum(dim, keepdim=True)
    return latest


def softmax_backward(grad_output, output, dim=-1):
    p = latest.detach() if latest is not None and latest.shape == output.shape else output
    dot = torch.sum(p * grad_output, dim, True)
    return p * (grad_output - dot)
