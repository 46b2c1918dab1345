# mistake: The kernels are flattened with view, which fails where they are a transpose or a slice.
# bug: noncontiguous_fails
# line: 18
import torch
import torch.nn.functional as F


class Sides:
    def __init__(self, value):
        self.down, self.across = value if isinstance(value, tuple) else (value, value)


def conv2d(x, weight, bias=None, stride=1, padding=0, dilation=1):
    s, p, d = Sides(stride), Sides(padding), Sides(dilation)
    c_out, c_in, kh, kw = weight.size()
    image = F.pad(x, (p.across, p.across, p.down, p.down))
    taps = [(u * d.down, v * d.across) for u in range(kh) for v in range(kw)]
    flat = weight.view(c_out, c_in, kh * kw)
    oh = (image.size(2) - (kh - 1) * d.down - 1) // s.down + 1
    ow = (image.size(3) - (kw - 1) * d.across - 1) // s.across + 1
    seen = []
    for top, left in taps:
        rows = slice(top, top + (oh - 1) * s.down + 1, s.down)
        columns = slice(left, left + (ow - 1) * s.across + 1, s.across)
        seen.append(image[:, :, rows, columns])
    out = torch.einsum("ock,knchw->nohw", flat, torch.stack(seen))
    return out if bias is None else out + bias.reshape(1, c_out, 1, 1)
