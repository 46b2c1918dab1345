import torch
import torch.nn.functional as F


def pair(n):
    return (n, n) if isinstance(n, int) else n


def members(size, k, s, p):
    """(windows, size): which entries each window covers."""
    starts = torch.arange((size + 2 * p - k) // s + 1) * s - p
    index = torch.arange(size)
    return (index >= starts[:, None]) & (index < starts[:, None] + k)


def avg_pool2d(x, kernel_size, stride=None, padding=0, count_include_pad=True):
    """A matrix from the left and one from the right."""
    k, p = pair(kernel_size), pair(padding)
    s = k if stride is None else pair(stride)
    a, b = (members(n, *given).to(x) for n, given in zip(x.shape[-2:], zip(k, s, p)))
    sums = torch.einsum("ih,...hw,jw->...ij", a, x, b)
    return sums / (k[0] * k[1]) if count_include_pad else sums / torch.outer(a.sum(1), b.sum(1))


def max_pool2d(x, kernel_size, stride=None, padding=0, dilation=1):
    """im2col of the map and of its indices; the winner is looked up in the map that was not padded."""
    k, p, d = pair(kernel_size), pair(padding), pair(dilation)
    s = k if stride is None else pair(stride)
    h, w = x.shape[-2:]
    flat = x.reshape(-1, 1, h, w)
    low = torch.full((), -torch.inf, dtype=x.dtype, device=x.device)
    padded = F.pad(flat.detach(), (p[1], p[1], p[0], p[0]), value=-torch.inf)
    index = torch.arange(h * w, device=x.device).reshape(1, 1, h, w)
    index = F.pad(index, (p[1], p[1], p[0], p[0]), value=0).to(
        torch.float64 if x.device.type == "cpu" else x.dtype
    )
    columns = F.unfold(padded.masked_fill(padded == low, torch.finfo(x.dtype).min), k, d, 0, s)
    places = F.unfold(index, k, d, 0, s)
    winner = columns.argmax(1)
    chosen = places.expand(len(flat), -1, -1).gather(1, winner[:, None]).squeeze(1).long()
    out = flat.reshape(len(flat), -1).gather(1, chosen)
    height = (h + 2 * p[0] - d[0] * (k[0] - 1) - 1) // s[0] + 1
    return out.reshape(*x.shape[:-2], height, -1)
