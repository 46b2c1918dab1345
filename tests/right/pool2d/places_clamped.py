import torch
from torch import Tensor


def pair(v):
    return (v, v) if isinstance(v, int) else v


def places(n, k, s, p, d, device):
    """(out, k) positions in x, some of them outside."""
    out = (n + 2 * p - d * (k - 1) - 1) // s + 1
    i = torch.arange(out, device=device)[:, None] * s
    u = torch.arange(k, device=device)[None, :] * d
    return i + u - p


def max_pool2d(
    x: Tensor,
    kernel_size: int | tuple[int, int],
    stride: int | tuple[int, int] | None = None,
    padding: int | tuple[int, int] = 0,
    dilation: int | tuple[int, int] = 1,
) -> Tensor:
    h, w = x.shape[-2:]
    (kh, kw), (ph, pw), (dh, dw) = pair(kernel_size), pair(padding), pair(dilation)
    sh, sw = (kh, kw) if stride is None else pair(stride)
    r, c = places(h, kh, sh, ph, dh, x.device), places(w, kw, sw, pw, dw, x.device)
    inside = ((r >= 0) & (r < h))[:, None, :, None] & ((c >= 0) & (c < w))[None, :, None, :]
    flat = r.clamp(0, h - 1)[:, None, :, None] * w + c.clamp(0, w - 1)[None, :, None, :]
    values = x.flatten(-2)[..., flat]
    values = values.masked_fill(~inside, float("-inf")).flatten(-2)
    return values.gather(-1, values.argmax(-1, keepdim=True)).squeeze(-1)


def band(n, k, s, p, like):
    r = places(n, k, s, p, 1, like.device)
    return (r[:, :, None] == torch.arange(n, device=like.device)).sum(1).to(like.dtype)


def avg_pool2d(
    x: Tensor,
    kernel_size: int | tuple[int, int],
    stride: int | tuple[int, int] | None = None,
    padding: int | tuple[int, int] = 0,
    count_include_pad: bool = True,
) -> Tensor:
    (kh, kw), (ph, pw) = pair(kernel_size), pair(padding)
    sh, sw = (kh, kw) if stride is None else pair(stride)
    a, b = band(x.shape[-2], kh, sh, ph, x), band(x.shape[-1], kw, sw, pw, x)
    total = torch.einsum("ih,...hw,jw->...ij", a, x, b)
    return total / (kh * kw if count_include_pad else torch.outer(a.sum(1), b.sum(1)))
