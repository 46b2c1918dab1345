# mistake: F.unfold pads with zeros, and takes images only; two at once.
# bug: padding_wins + images_only
import torch
from torch import Tensor
from torch.nn import functional as F


def both(n):
    return (n, n) if isinstance(n, int) else n


def cut(x, kernel, stride, padding, dilation, value):
    (kh, kw), (ph, pw), (dh, dw) = both(kernel), both(padding), both(dilation)
    sh, sw = both(kernel if stride is None else stride)
    x = F.pad(x, (pw, pw, ph, ph), value=value)
    x = x.unfold(-2, dh * (kh - 1) + 1, sh).unfold(-2, dw * (kw - 1) + 1, sw)
    return x[..., ::dh, ::dw].flatten(-2)


def max_pool2d(x, kernel_size, stride=None, padding=0, dilation=1):
    stride = kernel_size if stride is None else stride
    n, c, h, w = x.shape
    columns = F.unfold(x, kernel_size, dilation, padding, stride).view(
        n, c, -1, 0 or F.unfold(x, kernel_size, dilation, padding, stride).shape[-1]
    )
    kh, kw = both(kernel_size)
    height = (h + 2 * both(padding)[0] - both(dilation)[0] * (kh - 1) - 1) // both(stride)[0] + 1
    return columns.max(2).values.view(n, c, height, -1)


def avg_pool2d(x, kernel_size, stride=None, padding=0, count_include_pad=True):
    windows = cut(x, kernel_size, stride, padding, 1, 0.0)
    if count_include_pad:
        return windows.mean(-1)
    return windows.sum(-1) / cut(torch.ones_like(x), kernel_size, stride, padding, 1, 0.0).sum(-1)
