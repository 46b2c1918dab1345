# mistake: The stride thins out the image before the kernel is applied, not the places where it is applied.
# line: 11
import torch


def conv2d(x, weight, bias=None, stride=1, padding=0, dilation=1):
    sh, sw = (stride, stride) if isinstance(stride, int) else stride
    ph, pw = (padding, padding) if isinstance(padding, int) else padding
    dh, dw = (dilation, dilation) if isinstance(dilation, int) else dilation
    framed = torch.nn.functional.pad(x, (pw, pw, ph, ph))
    thin = framed[:, :, ::sh, ::sw]
    kh, kw = weight.shape[2:]
    oh, ow = thin.shape[2] - dh * (kh - 1), thin.shape[3] - dw * (kw - 1)
    out = 0
    for u in range(kh):
        for v in range(kw):
            part = thin[:, :, u * dh : u * dh + oh, v * dw : v * dw + ow]
            out = out + torch.einsum("nchw,oc->nohw", part, weight[:, :, u, v])
    return out if bias is None else out + bias.view(-1, 1, 1)
