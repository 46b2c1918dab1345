# mistake: The windows (N, C, H, W, k, k) are reshaped to columns without bringing C, k, k together first.
# bug: windows_reshaped
# line: 21
import torch
import torch.nn.functional as F


def two(v):
    return (v, v) if isinstance(v, int) else v


def conv2d(x, weight, bias=None, stride=1, padding=0, dilation=1):
    (sh, sw), (ph, pw), (dh, dw) = two(stride), two(padding), two(dilation)
    out_channels, in_channels, kh, kw = weight.shape
    x = F.pad(x, (pw, pw, ph, ph))
    windows = x.unfold(2, (kh - 1) * dh + 1, sh)  # (N, C, oh, W, kh)
    windows = windows.unfold(3, (kw - 1) * dw + 1, sw)  # (N, C, oh, ow, kh, kw)
    windows = windows[:, :, :, :, ::dh, ::dw]
    n, _, oh, ow = windows.shape[:4]
    kernels = weight.reshape(out_channels, -1)
    columns = windows.reshape(n, in_channels * kh * kw, oh * ow)
    out = torch.matmul(kernels, columns)
    if bias is not None:
        out = out + bias.unsqueeze(1)
    return out.reshape(n, out_channels, oh, ow)
