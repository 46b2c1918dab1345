# mistake: Every sum is turned into a Python number, so no gradient flows.
# bug: no_gradient
# line: 21
import torch


def two(v):
    return (v, v) if isinstance(v, int) else v


def conv2d(x, weight, bias=None, stride=1, padding=0, dilation=1):
    (sh, sw), (ph, pw), (dh, dw) = two(stride), two(padding), two(dilation)
    x = torch.nn.functional.pad(x, (pw, pw, ph, ph))
    kh, kw = weight.shape[2:]
    oh = (x.shape[2] - dh * (kh - 1) - 1) // sh + 1
    ow = (x.shape[3] - dw * (kw - 1) - 1) // sw + 1
    out = torch.zeros(x.shape[0], weight.shape[0], oh, ow, dtype=x.dtype, device=x.device)
    for i in range(oh):
        for j in range(ow):
            patch = x[:, :, i * sh :, j * sw :][:, :, : dh * kh : dh, : dw * kw : dw]
            out[:, :, i, j] = torch.einsum("ncuv,ocuv->no", patch.data, weight.data)
            if bias is not None:
                out[:, :, i, j] += bias.data
    return out
