# mistake: The results are written into a float32 tensor.
# bug: output_in_float32
# line: 15
import torch


def conv2d(x, weight, bias=None, stride=1, padding=0, dilation=1):
    s, p, d = ((v, v) if isinstance(v, int) else v for v in (stride, padding, dilation))
    n, c, h, w = x.shape
    o, _, kh, kw = weight.shape
    frame = x.new_zeros(n, c, h + 2 * p[0], w + 2 * p[1])
    frame[:, :, p[0] : p[0] + h, p[1] : p[1] + w] = x
    eh, ew = d[0] * (kh - 1) + 1, d[1] * (kw - 1) + 1
    oh, ow = (h + 2 * p[0] - eh) // s[0] + 1, (w + 2 * p[1] - ew) // s[1] + 1
    out = torch.zeros(n, o, oh, ow)
    for i in range(oh):
        for j in range(ow):
            top, left = i * s[0], j * s[1]
            patch = frame[:, :, top : top + eh : d[0], left : left + ew : d[1]]
            out[:, :, i, j] = torch.einsum("ncuv,ocuv->no", patch, weight)
    return out if bias is None else out + bias.view(-1, 1, 1)
