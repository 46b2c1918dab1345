import torch


def both(value):
    return tuple(value) if isinstance(value, (tuple, list)) else (value, value)


def conv2d(x, weight, bias=None, stride=1, padding=0, dilation=1):
    """The sum at every place of the output, one place after the other."""
    (sy, sx), (py, px), (dy, dx) = map(both, (stride, padding, dilation))
    n, c, h, w = x.shape
    o, _, kh, kw = weight.shape
    framed = x.new_zeros(n, c, h + 2 * py, w + 2 * px)
    framed[:, :, py : py + h, px : px + w] = x
    reach_y, reach_x = dy * (kh - 1) + 1, dx * (kw - 1) + 1
    rows = []
    top = 0
    while top + reach_y <= h + 2 * py:
        row = []
        left = 0
        while left + reach_x <= w + 2 * px:
            patch = framed[:, :, top : top + reach_y : dy, left : left + reach_x : dx]
            value = (patch[:, None] * weight).sum(dim=(2, 3, 4))
            row.append(value if bias is None else value + bias)
            left += sx
        rows.append(torch.stack(row, dim=-1))
        top += sy
    return torch.stack(rows, dim=-2)
