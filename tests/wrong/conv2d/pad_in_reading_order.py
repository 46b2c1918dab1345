# mistake: pad is given the vertical numbers first, but it begins with the last dimension.
# bug: padding_swapped
# line: 14
import torch
import torch.nn.functional as F


def pair(v):
    return v if isinstance(v, tuple) else (v, v)


def conv2d(x, weight, bias=None, stride=1, padding=0, dilation=1):
    (sh, sw), (ph, pw), (dh, dw) = pair(stride), pair(padding), pair(dilation)
    x = F.pad(x, (ph, ph, pw, pw))
    kh, kw = weight.shape[-2:]
    windows = x.unfold(2, dh * (kh - 1) + 1, sh).unfold(3, dw * (kw - 1) + 1, sw)
    windows = windows[..., ::dh, ::dw]
    out = torch.einsum("nchwuv,ocuv->nohw", windows, weight)
    if bias is not None:
        out = out + bias.view(1, -1, 1, 1)
    return out
