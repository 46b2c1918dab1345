# mistake: The kernel is flipped in both directions, as in signal processing.
# bug: kernel_flipped
# line: 10
import torch.nn.functional as F


def conv2d(x, weight, bias=None, stride=1, padding=0, dilation=1):
    o, c, kh, kw = weight.shape
    sides = [v if isinstance(v, tuple) else (v, v) for v in (stride, padding, dilation)]
    flat = weight.flip(2, 3).reshape(o, c * kh * kw)
    (sh, sw), (ph, pw), (dh, dw) = sides
    oh = (x.shape[2] + 2 * ph - dh * (kh - 1) - 1) // sh + 1
    ow = (x.shape[3] + 2 * pw - dw * (kw - 1) - 1) // sw + 1
    out = flat @ F.unfold(x, (kh, kw), (dh, dw), (ph, pw), (sh, sw))
    out = out.reshape(len(x), o, oh, ow)
    return out if bias is None else out + bias[:, None, None]
