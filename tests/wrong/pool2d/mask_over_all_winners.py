# mistake: The largest entry is found on detached values and multiplied in as a mask over all equal entries, so each of them gets the whole gradient and the values of ties add up; and the average always divides by the whole window.
import torch
import torch.nn.functional as F
from torch import Tensor


def pair(v):
    return (v, v) if isinstance(v, int) else v


def slide(x, k, s, p, d, fill):
    x = F.pad(x, (p[1], p[1], p[0], p[0]), value=fill)
    x = x.unfold(-2, d[0] * (k[0] - 1) + 1, s[0]).unfold(-2, d[1] * (k[1] - 1) + 1, s[1])
    return x[..., :: d[0], :: d[1]]


def max_pool2d(
    x: Tensor,
    kernel_size: int | tuple[int, int],
    stride: int | tuple[int, int] | None = None,
    padding: int | tuple[int, int] = 0,
    dilation: int | tuple[int, int] = 1,
) -> Tensor:
    k = pair(kernel_size)
    s = k if stride is None else pair(stride)
    win = slide(x, k, s, pair(padding), pair(dilation), float("-inf"))
    top = win.detach().amax((-2, -1), keepdim=True)
    return torch.where(win == top, win, torch.zeros_like(win)).sum((-2, -1))


def avg_pool2d(
    x: Tensor,
    kernel_size: int | tuple[int, int],
    stride: int | tuple[int, int] | None = None,
    padding: int | tuple[int, int] = 0,
    count_include_pad: bool = True,
) -> Tensor:
    k = pair(kernel_size)
    s = k if stride is None else pair(stride)
    win = slide(x, k, s, pair(padding), (1, 1), 0.0)
    return torch.einsum("...uv->...", win) / (k[0] * k[1])
