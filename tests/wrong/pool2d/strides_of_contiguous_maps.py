# mistake: as_strided is given the strides of a contiguous map, so a transposed or sliced x is read in the wrong places.
# bug: contiguous_map_assumed
import torch
import torch.nn.functional as F
from torch import Tensor


def pair(v):
    return (v, v) if isinstance(v, int) else tuple(v)


def view_windows(x, kernel, stride, padding, dilation, fill):
    ph, pw = padding
    if ph or pw:
        x = F.pad(x, (pw, pw, ph, ph), value=fill)
    h, w = x.shape[-2:]
    out = [(n - d * (k - 1) - 1) // s + 1 for n, k, s, d in zip((h, w), kernel, stride, dilation)]
    lead = []
    step = h * w
    for n in reversed(x.shape[:-2]):
        lead.insert(0, step)
        step *= n
    strides = lead + [w * stride[0], stride[1], w * dilation[0], dilation[1]]
    return x.as_strided([*x.shape[:-2], *out, *kernel], strides)


def max_pool2d(
    x: Tensor,
    kernel_size: int | tuple[int, int],
    stride: int | tuple[int, int] | None = None,
    padding: int | tuple[int, int] = 0,
    dilation: int | tuple[int, int] = 1,
) -> Tensor:
    kernel = pair(kernel_size)
    stride = pair(kernel_size if stride is None else stride)
    win = view_windows(x, kernel, stride, pair(padding), pair(dilation), float("-inf"))
    return win.flatten(-2).max(-1).values


def avg_pool2d(
    x: Tensor,
    kernel_size: int | tuple[int, int],
    stride: int | tuple[int, int] | None = None,
    padding: int | tuple[int, int] = 0,
    count_include_pad: bool = True,
) -> Tensor:
    kernel = pair(kernel_size)
    stride = pair(kernel_size if stride is None else stride)
    padding = pair(padding)
    total = view_windows(x, kernel, stride, padding, (1, 1), 0.0).sum((-2, -1))
    if count_include_pad:
        return total / (kernel[0] * kernel[1])
    ones = x.new_ones(x.shape[-2:])
    return total / view_windows(ones, kernel, stride, padding, (1, 1), 0.0).sum((-2, -1))
