# mistake: dilation is read as the number of pixels left out between two entries of the kernel.
# bug: dilation_counts_gaps
# line: 9
import torch


def spread(weight, dilation):
    """The kernel with zeros between its entries."""
    dh, dw = (dilation + 1, dilation + 1) if isinstance(dilation, int) else (dilation[0] + 1, dilation[1] + 1)
    o, c, kh, kw = weight.shape
    wide = weight.new_zeros(o, c, (kh - 1) * dh + 1, (kw - 1) * dw + 1)
    wide[:, :, ::dh, ::dw] = weight
    return wide


def conv2d(x, weight, bias=None, stride=1, padding=0, dilation=1):
    sh, sw = (stride, stride) if isinstance(stride, int) else stride
    ph, pw = (padding, padding) if isinstance(padding, int) else padding
    weight = spread(weight, dilation)
    x = torch.nn.functional.pad(x, (pw, pw, ph, ph))
    out = torch.einsum(
        "nchwuv,ocuv->nohw", x.unfold(2, weight.shape[2], sh).unfold(3, weight.shape[3], sw), weight
    )
    return out if bias is None else out + bias[None, :, None, None]
