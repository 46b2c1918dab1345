"""2-D convolution (LeCun et al., 1989), as a sum over the entries of the kernel.

With zeros around x:

    y[n, o, i, j] = b[o] + Σ_c Σ_u Σ_v w[o, c, u, v] · x[n, c, i·s + u·d − p, j·s + v·d − p]

Each pair (u, v) picks one pixel under every position of the kernel: a shifted, strided view of the image.
"""

import torch
from torch import Tensor
from torch.nn.functional import pad


def pair(number: int | tuple[int, int]) -> tuple[int, int]:
    return (number, number) if isinstance(number, int) else number


def conv2d(
    x: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    stride: int | tuple[int, int] = 1,
    padding: int | tuple[int, int] = 0,
    dilation: int | tuple[int, int] = 1,
) -> Tensor:
    (sh, sw), (ph, pw), (dh, dw) = pair(stride), pair(padding), pair(dilation)
    kh, kw = weight.shape[2:]
    padded = pad(x, (pw, pw, ph, ph))  # (N, C_in, H + 2·ph, W + 2·pw)
    height = (padded.shape[2] - dh * (kh - 1) - 1) // sh + 1
    width = (padded.shape[3] - dw * (kw - 1) - 1) // sw + 1
    out = x.new_zeros(x.shape[0], weight.shape[0], height, width)
    for u in range(kh):
        for v in range(kw):
            below = padded[:, :, u * dh :: sh, v * dw :: sw]
            under = below[:, :, :height, :width]  # (N, C_in, H_out, W_out)
            tap = weight[:, :, u, v]  # (C_out, C_in)
            out = out + torch.einsum("oc,nchw->nohw", tap, under)
    if bias is not None:
        out = out + bias.view(-1, 1, 1)
    return out
