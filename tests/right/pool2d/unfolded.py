import torch
from torch.nn import functional as F


def two(n):
    return n if isinstance(n, tuple) else (n, n)


def under(x, kernel_size, stride, padding, dilation, value):
    """Windows by Tensor.unfold: (…, H_out, W_out, k_h, k_w)."""
    (kh, kw), (ph, pw), (dh, dw) = map(two, (kernel_size, padding, dilation))
    sh, sw = two(stride) if stride is not None else (kh, kw)
    x = F.pad(x, [pw, pw, ph, ph], mode="constant", value=value)
    x = x.unfold(-2, (kh - 1) * dh + 1, sh).unfold(-2, (kw - 1) * dw + 1, sw)
    return x[..., ::dh, ::dw]


def max_pool2d(x, kernel_size, stride=None, padding=0, dilation=1):
    windows = under(x, kernel_size, stride, padding, dilation, float("-inf"))
    return windows.flatten(-2).max(dim=-1)[0]


def avg_pool2d(x, kernel_size, stride=None, padding=0, count_include_pad=True):
    windows = under(x, kernel_size, stride, padding, 1, 0)
    if count_include_pad:
        return windows.mean((-2, -1))
    ones = under(torch.ones(x.shape[-2:], dtype=x.dtype, device=x.device), kernel_size, stride, padding, 1, 0)
    return windows.sum((-2, -1)) / ones.sum((-2, -1))
