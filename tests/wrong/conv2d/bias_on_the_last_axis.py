# mistake: The bias is added without lining it up with the channels.
# bug: bias_along_the_image
# line: 18
import torch


def conv2d(x, weight, bias=None, stride=1, padding=0, dilation=1):
    s = stride if isinstance(stride, tuple) else (stride, stride)
    p = padding if isinstance(padding, tuple) else (padding, padding)
    d = dilation if isinstance(dilation, tuple) else (dilation, dilation)
    kh, kw = weight.shape[2], weight.shape[3]
    x = torch.nn.functional.pad(x, (p[1], p[1], p[0], p[0]))
    tall = x.unfold(2, d[0] * (kh - 1) + 1, s[0])
    windows = tall.unfold(3, d[1] * (kw - 1) + 1, s[1])
    windows = windows[..., :: d[0], :: d[1]]
    out = torch.tensordot(windows, weight, dims=([1, 4, 5], [1, 2, 3])).movedim(-1, 1)
    if bias is not None:
        out = out + bias
    return out
