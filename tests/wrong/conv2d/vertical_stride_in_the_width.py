# mistake: The width of the output is computed with the vertical stride.
# bug: square_image_assumed
# line: 28
import torch
from torch import Tensor


def conv2d(
    x: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    stride: int | tuple[int, int] = 1,
    padding: int | tuple[int, int] = 0,
    dilation: int | tuple[int, int] = 1,
) -> Tensor:
    if isinstance(stride, int):
        stride = (stride, stride)
    if isinstance(padding, int):
        padding = (padding, padding)
    if isinstance(dilation, int):
        dilation = (dilation, dilation)
    n, c_in, height, width = x.shape
    c_out, _, k_h, k_w = weight.shape

    padded = x.new_zeros(n, c_in, height + 2 * padding[0], width + 2 * padding[1])
    padded[:, :, padding[0] : padding[0] + height, padding[1] : padding[1] + width] = x
    h_out = (padded.shape[2] - dilation[0] * (k_h - 1) - 1) // stride[0] + 1
    w_out = (padded.shape[3] - dilation[1] * (k_w - 1) - 1) // stride[0] + 1

    out = x.new_zeros(n, c_out, h_out, w_out)
    for u in range(k_h):
        rows = u * dilation[0] + stride[0] * torch.arange(h_out, device=x.device)
        for v in range(k_w):
            cols = v * dilation[1] + stride[1] * torch.arange(w_out, device=x.device)
            patch = padded[:, :, rows][:, :, :, cols]
            out = out + torch.einsum("nchw,oc->nohw", patch, weight[:, :, u, v])
    if bias is not None:
        out = out + bias[:, None, None]
    return out
