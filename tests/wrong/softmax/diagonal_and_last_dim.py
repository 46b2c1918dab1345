# mistake: two: the forward always runs along the last dimension, and the backward leaves the mean out
# bug: last_dim_always + backward_no_mean
import torch


def softmax(x, dim=-1):
    e = torch.exp(x - x.amax(-1, keepdim=True))
    return e / e.sum(-1, keepdim=True)


def softmax_backward(grad_output, output, dim=-1):
    return output * grad_output
