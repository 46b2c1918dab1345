# mistake: The height of the image is used for its width as well: only square images come out right.
# bug: square_image_assumed
# line: 12, 14
import torch


def conv2d(x, weight, bias=None, stride=1, padding=0, dilation=1):
    (sh, sw), (ph, pw), (dh, dw) = ((v, v) if isinstance(v, int) else v for v in (stride, padding, dilation))
    n, _, size, _ = x.shape
    o, _, kh, kw = weight.shape
    oh = (size + 2 * ph - dh * (kh - 1) - 1) // sh + 1
    ow = (size + 2 * pw - dw * (kw - 1) - 1) // sw + 1
    x = torch.nn.functional.pad(x, (pw, pw, ph, ph))
    out = x.new_zeros(n, o, oh, ow)
    for u in range(kh):
        for v in range(kw):
            rows = slice(u * dh, None, sh)
            columns = slice(v * dw, None, sw)
            part = x[:, :, rows, columns]
            part = part[:, :, :oh, :ow]
            out = out + torch.tensordot(part, weight[:, :, u, v], dims=([1], [1])).movedim(3, 1)
    if bias is not None:
        out = out + bias[:, None, None]
    return out
