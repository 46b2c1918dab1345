import torch


def pair(n):
    return (n, n) if isinstance(n, int) else tuple(n)


def spans(size, k, s, p, d):
    """For each window, the real indices it covers."""
    count = (size + 2 * p - d * (k - 1) - 1) // s + 1
    return [
        [i for i in range(o * s - p, o * s - p + d * (k - 1) + 1, d) if 0 <= i < size] for o in range(count)
    ]


def covered(x, kernel_size, stride, padding, dilation):
    k = pair(kernel_size)
    s = k if stride is None else pair(stride)
    p, d = pair(padding), pair(dilation)
    return [spans(x.shape[a - 2], k[a], s[a], p[a], d[a]) for a in (0, 1)], k


def max_pool2d(x, kernel_size, stride=None, padding=0, dilation=1):
    """Window by window over the real entries alone: nothing is padded."""
    (rows, columns), _ = covered(x, kernel_size, stride, padding, dilation)
    out = x.new_zeros(*x.shape[:-2], len(rows), len(columns))
    for i, across in enumerate(rows):
        for j, along in enumerate(columns):
            window = torch.stack([x[..., u, v] for u in across for v in along], -1)
            out[..., i, j] = window.max(-1).values
    return out


def avg_pool2d(x, kernel_size, stride=None, padding=0, count_include_pad=True):
    (rows, columns), (kh, kw) = covered(x, kernel_size, stride, padding, 1)
    lines = []
    for across in rows:
        for along in columns:
            total = sum(x[..., u, v] for u in across for v in along)
            lines.append(total / (kh * kw if count_include_pad else len(across) * len(along)))
    return torch.stack(lines, -1).reshape(*x.shape[:-2], len(rows), len(columns))
