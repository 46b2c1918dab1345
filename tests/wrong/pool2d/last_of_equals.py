# mistake: Of equal entries the last one wins, and the stride is one by default: two at once.
# bug: ties_to_the_last + stride_one_by_default
import torch
from torch import Tensor
from torch.nn import functional as F


def both(n):
    return (n, n) if isinstance(n, int) else n


def cut(x, kernel, stride, padding, dilation, value):
    (kh, kw), (ph, pw), (dh, dw) = both(kernel), both(padding), both(dilation)
    sh, sw = both(1 if stride is None else stride)
    x = F.pad(x, (pw, pw, ph, ph), value=value)
    x = x.unfold(-2, dh * (kh - 1) + 1, sh).unfold(-2, dw * (kw - 1) + 1, sw)
    return x[..., ::dh, ::dw].flatten(-2)


def max_pool2d(x, kernel_size, stride=None, padding=0, dilation=1):
    return cut(x, kernel_size, stride, padding, dilation, -torch.inf).flip(-1).max(-1).values


def avg_pool2d(x, kernel_size, stride=None, padding=0, count_include_pad=True):
    windows = cut(x, kernel_size, stride, padding, 1, 0.0)
    if count_include_pad:
        return windows.mean(-1)
    return windows.sum(-1) / cut(torch.ones_like(x), kernel_size, stride, padding, 1, 0.0).sum(-1)
