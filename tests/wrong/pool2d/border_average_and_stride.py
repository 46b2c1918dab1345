# mistake: Two at once: the two strides have changed places, and without padding counted n is the number of real entries of the whole first row of windows.
import math

import torch
import torch.nn.functional as F
from torch import Tensor


def _pair(v):
    return v if isinstance(v, tuple) else (v, v)


def _gather(x, k, s, p, d, fill):
    k, p, d = _pair(k), _pair(p), _pair(d)
    s = k if s is None else _pair(s)[::-1]
    h, w = x.shape[-2] + 2 * p[0], x.shape[-1] + 2 * p[1]
    out_h, out_w = ((n - dd * (kk - 1) - 1) // ss + 1 for n, kk, ss, dd in zip((h, w), k, s, d))
    x = F.pad(x, (p[1], p[1], p[0], p[0]), value=fill)
    rows = torch.arange(out_h)[:, None] * s[0] + torch.arange(k[0]) * d[0]
    cols = torch.arange(out_w)[:, None] * s[1] + torch.arange(k[1]) * d[1]
    return x[..., rows[:, None, :, None], cols[None, :, None, :]]


def max_pool2d(x: Tensor, kernel_size, stride=None, padding=0, dilation=1) -> Tensor:
    return _gather(x, kernel_size, stride, padding, dilation, -math.inf).flatten(-2).max(-1).values


def avg_pool2d(x: Tensor, kernel_size, stride=None, padding=0, count_include_pad=True) -> Tensor:
    under = _gather(x, kernel_size, stride, padding, 1, 0.0)
    if count_include_pad:
        return under.mean((-2, -1))
    ones = _gather(torch.ones_like(x), kernel_size, stride, padding, 1, 0.0)
    return under.sum((-2, -1)) / ones.sum((-2, -1))[..., :1, :]
