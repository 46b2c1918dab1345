# mistake: The output is collected in a new float32 tensor, whatever the dtype of x.
# bug: float32_inside
import torch
from torch import Tensor


def two(v):
    if isinstance(v, int):
        return v, v
    return v[0], v[1]


def out_size(n, k, s, p, d):
    return (n + 2 * p - d * (k - 1) - 1) // s + 1


def surround(x, ph, pw, value):
    h, w = x.shape[-2:]
    big = x.new_full((*x.shape[:-2], h + 2 * ph, w + 2 * pw), value)
    big[..., ph : ph + h, pw : pw + w] = x
    return big


def max_pool2d(
    x: Tensor,
    kernel_size: int | tuple[int, int],
    stride: int | tuple[int, int] | None = None,
    padding: int | tuple[int, int] = 0,
    dilation: int | tuple[int, int] = 1,
) -> Tensor:
    kh, kw = two(kernel_size)
    sh, sw = (kh, kw) if stride is None else two(stride)
    ph, pw = two(padding)
    dh, dw = two(dilation)
    rows = out_size(x.shape[-2], kh, sh, ph, dh)
    cols = out_size(x.shape[-1], kw, sw, pw, dw)
    big = surround(x, ph, pw, -float("inf"))
    best = None
    for u in range(kh):
        for v in range(kw):
            top, left = u * dh, v * dw
            part = big[..., top : top + (rows - 1) * sh + 1 : sh, left : left + (cols - 1) * sw + 1 : sw]
            if best is None:
                best = part
            else:
                best = torch.where(part > best, part, best)
    return best.clone()


def avg_pool2d(
    x: Tensor,
    kernel_size: int | tuple[int, int],
    stride: int | tuple[int, int] | None = None,
    padding: int | tuple[int, int] = 0,
    count_include_pad: bool = True,
) -> Tensor:
    kh, kw = two(kernel_size)
    sh, sw = (kh, kw) if stride is None else two(stride)
    ph, pw = two(padding)
    h, w = x.shape[-2:]
    rows = out_size(h, kh, sh, ph, 1)
    cols = out_size(w, kw, sw, pw, 1)
    big = surround(x, ph, pw, 0.0)
    out = torch.zeros(*x.shape[:-2], rows, cols)
    for i in range(rows):
        for j in range(cols):
            top, left = i * sh, j * sw
            total = big[..., top : top + kh, left : left + kw].sum(dim=(-2, -1))
            if count_include_pad:
                n = kh * kw
            else:
                n_rows = min(top + kh, ph + h) - max(top, ph)
                n_cols = min(left + kw, pw + w) - max(left, pw)
                n = n_rows * n_cols
            out[..., i, j] = total / n
    return out
