"""Max pooling and average pooling, as shifted views of the map laid one upon the other.

    max[i, j] = max over u, v of x[i·s + u·d − p, j·s + v·d − p], with −∞ around x
    avg[i, j] = 1/n Σᵤᵥ x[i·s + u − p, j·s + v − p], with 0 around x

Each pair (u, v) picks one entry under every position of the window.
"""

import math

import torch
from torch import Tensor
from torch.nn.functional import pad

Size = int | tuple[int, int]


def pair(number: Size) -> tuple[int, int]:
    return (number, number) if isinstance(number, int) else number


def windows(
    x: Tensor, kernel: Size, stride: Size | None, padding: Size, dilation: Size, fill: float
) -> Tensor:
    """What lies under each window, row by row: (…, H_out, W_out, k_h · k_w)."""
    (kh, kw), (ph, pw), (dh, dw) = pair(kernel), pair(padding), pair(dilation)
    sh, sw = pair(kernel if stride is None else stride)
    padded = pad(x, (pw, pw, ph, ph), value=fill)  # (…, H + 2·ph, W + 2·pw)
    height = (padded.shape[-2] - dh * (kh - 1) - 1) // sh + 1
    width = (padded.shape[-1] - dw * (kw - 1) - 1) // sw + 1
    taps = []
    for u in range(kh):
        for v in range(kw):
            below = padded[..., u * dh :: sh, v * dw :: sw]
            taps.append(below[..., :height, :width])
    return torch.stack(taps, dim=-1)


def max_pool2d(
    x: Tensor, kernel_size: Size, stride: Size | None = None, padding: Size = 0, dilation: Size = 1
) -> Tensor:
    under = windows(x, kernel_size, stride, padding, dilation, -math.inf)
    first = under.argmax(-1, keepdim=True)  # of equal entries, the first
    return under.gather(-1, first).squeeze(-1)


def avg_pool2d(
    x: Tensor,
    kernel_size: Size,
    stride: Size | None = None,
    padding: Size = 0,
    count_include_pad: bool = True,
) -> Tensor:
    under = windows(x, kernel_size, stride, padding, 1, 0.0)
    total = under.sum(-1)
    if count_include_pad:
        return total / under.shape[-1]
    inside = windows(torch.ones_like(x), kernel_size, stride, padding, 1, 0.0)
    return total / inside.sum(-1)
