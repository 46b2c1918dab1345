import math

import torch
from torch.nn.functional import pad


class Window:
    """Kernel, stride, padding and dilation, each by direction."""

    def __init__(self, kernel_size, stride, padding, dilation=1):
        both = [
            v if isinstance(v, tuple) else (v, v)
            for v in (kernel_size, stride or kernel_size, padding, dilation)
        ]
        self.kernel, self.stride, self.padding, self.dilation = both

    def taps(self, x, fill):
        (ph, pw), (sh, sw) = self.padding, self.stride
        x = pad(x, (pw, pw, ph, ph), "constant", fill)
        reach = [d * (k - 1) for k, d in zip(self.kernel, self.dilation)]
        for u in range(0, reach[0] + 1, self.dilation[0]):
            for v in range(0, reach[1] + 1, self.dilation[1]):
                yield x[..., u : x.shape[-2] - reach[0] + u : sh, v : x.shape[-1] - reach[1] + v : sw]


def max_pool2d(x, kernel_size, stride=None, padding=0, dilation=1):
    best = None
    for tap in Window(kernel_size, stride, padding, dilation).taps(x, -math.inf):
        best = tap.clone() if best is None else torch.where(tap > best, tap, best)
    return best


def avg_pool2d(x, kernel_size, stride=None, padding=0, count_include_pad=True):
    window = Window(kernel_size, stride, padding)
    total = sum(window.taps(x, 0.0))
    if count_include_pad:
        return total / (window.kernel[0] * window.kernel[1])
    return total / sum(window.taps(x.detach() * 0 + 1, 0.0))
