# mistake: Of a tuple of strides only the first number is used.
# bug: one_stride_for_both
# line: 10
import torch
from torch.nn.functional import pad, unfold


def conv2d(x, weight, bias=None, stride=1, padding=0, dilation=1):
    if isinstance(stride, tuple):
        stride = stride[0]
    ph, pw = padding if isinstance(padding, tuple) else (padding, padding)
    dh, dw = dilation if isinstance(dilation, tuple) else (dilation, dilation)
    framed = pad(x, (pw, pw, ph, ph))
    kh, kw = weight.shape[2:]
    oh = (framed.shape[2] - dh * (kh - 1) - 1) // stride + 1
    ow = (framed.shape[3] - dw * (kw - 1) - 1) // stride + 1
    columns = unfold(framed, (kh, kw), dilation=(dh, dw), stride=stride)
    out = torch.einsum("op,npl->nol", weight.flatten(1), columns)
    out = out.unflatten(2, (oh, ow))
    return out if bias is None else out + bias.view(1, -1, 1, 1)
