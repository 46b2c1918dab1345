# mistake: Where nothing is padded, the strides of a contiguous image are taken for granted.
# bug: strides_assumed
# line: 18
import torch


def two(v):
    return (v, v) if isinstance(v, int) else v


def conv2d(x, weight, bias=None, stride=1, padding=0, dilation=1):
    (sh, sw), (ph, pw), (dh, dw) = two(stride), two(padding), two(dilation)
    if ph or pw:
        x = torch.nn.functional.pad(x, (pw, pw, ph, ph)).contiguous()
    n, c, h, w = x.shape
    kh, kw = weight.shape[2:]
    oh, ow = (h - dh * (kh - 1) - 1) // sh + 1, (w - dw * (kw - 1) - 1) // sw + 1
    steps = (c * h * w, h * w, w * sh, sw, w * dh, dw)
    windows = x.as_strided((n, c, oh, ow, kh, kw), steps, x.storage_offset())
    out = torch.einsum("nchwuv,ocuv->nohw", windows, weight)
    return out if bias is None else out + bias.view(-1, 1, 1)
