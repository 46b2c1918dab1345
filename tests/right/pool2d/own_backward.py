import torch
from torch.nn.functional import pad


def pair(n):
    return (n, n) if not isinstance(n, tuple) else n


class MaxPool(torch.autograd.Function):
    """Winners are kept by their place in the padded map; backward adds up what they get."""

    @staticmethod
    def forward(ctx, x, k, s, p, d):
        padded = pad(x, (p[1], p[1], p[0], p[0]), value=-torch.inf)
        h, w = padded.shape[-2:]
        i = torch.arange(0, h - d[0] * (k[0] - 1), s[0], device=x.device)
        j = torch.arange(0, w - d[1] * (k[1] - 1), s[1], device=x.device)
        u = torch.arange(k[0], device=x.device) * d[0]
        v = torch.arange(k[1], device=x.device) * d[1]
        rows = i[:, None, None, None] + u[:, None]
        places = rows * w + j[:, None, None] + v  # (H_out, W_out, k_h, k_w)
        under = padded.flatten(-2)[..., places].flatten(-2)
        best, which = under.max(-1)
        where = places.flatten(-2).expand(under.shape).gather(-1, which[..., None]).squeeze(-1)
        ctx.save_for_backward(where)
        ctx.sizes = padded.shape, p, x.shape
        return best

    @staticmethod
    def backward(ctx, g):
        (where,) = ctx.saved_tensors
        shape, p, inner = ctx.sizes
        grad = g.new_zeros(shape).flatten(-2)
        grad.scatter_add_(-1, where.flatten(-2), g.flatten(-2))
        grad = grad.reshape(shape)[..., p[0] : p[0] + inner[-2], p[1] : p[1] + inner[-1]]
        return grad, None, None, None, None


def max_pool2d(x, kernel_size, stride=None, padding=0, dilation=1):
    stride = kernel_size if stride is None else stride
    return MaxPool.apply(x, *map(pair, (kernel_size, stride, padding, dilation)))


def avg_pool2d(x, kernel_size, stride=None, padding=0, count_include_pad=True):
    """From a table of sums over all rectangles (in float64, where differences keep their digits)."""
    (kh, kw), (ph, pw) = pair(kernel_size), pair(padding)
    sh, sw = (kh, kw) if stride is None else pair(stride)

    def sums(t):
        t = pad(t, (pw, pw, ph, ph))
        t = pad(t.cumsum(-2).cumsum(-1), (1, 0, 1, 0))
        t = t[..., kh:, :] - t[..., : t.shape[-2] - kh, :]
        t = t[..., kw:] - t[..., : t.shape[-1] - kw]
        return t[..., ::sh, ::sw]

    wide = x.double() if x.device.type == "cpu" else x
    n = kh * kw if count_include_pad else sums(torch.ones_like(wide)).round()
    return (sums(wide) / n).to(x.dtype)
