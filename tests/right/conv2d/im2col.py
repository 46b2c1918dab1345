import torch.nn.functional as F


def conv2d(x, weight, bias=None, stride=1, padding=0, dilation=1):
    """Every patch a column, one matrix product."""
    n, c, h, w = x.shape
    o, _, kh, kw = weight.shape
    sizes = []
    for axis, (size, k) in enumerate(((h, kh), (w, kw))):
        s, p, d = (v if isinstance(v, int) else v[axis] for v in (stride, padding, dilation))
        sizes.append((size + 2 * p - d * (k - 1) - 1) // s + 1)
    columns = F.unfold(x, (kh, kw), dilation=dilation, padding=padding, stride=stride)
    out = weight.reshape(o, -1) @ columns
    if bias is not None:
        out = out + bias[:, None]
    return out.view(n, o, *sizes)
