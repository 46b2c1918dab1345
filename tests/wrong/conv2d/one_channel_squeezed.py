# mistake: A single output channel is squeezed away before the bias is added.
# bug: one_channel_squeezed
# line: 18
import torch


def two(v):
    return (v, v) if isinstance(v, int) else v


def conv2d(x, weight, bias=None, stride=1, padding=0, dilation=1):
    (sh, sw), (ph, pw), (dh, dw) = two(stride), two(padding), two(dilation)
    framed = torch.nn.functional.pad(x, (pw, pw, ph, ph))
    kh, kw = weight.shape[2:]
    windows = framed.unfold(2, dh * (kh - 1) + 1, sh).unfold(3, dw * (kw - 1) + 1, sw)[..., ::dh, ::dw]
    out = torch.einsum("nchwuv,ocuv->nohw", windows, weight)
    if x.shape[0] > 1:
        out = out.squeeze(1)
    if bias is not None:
        out = out + bias.view(-1, 1, 1)
    return out
