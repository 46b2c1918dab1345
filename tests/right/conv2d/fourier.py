import torch
from torch.fft import irfft2, rfft2


def conv2d(x, weight, bias=None, stride=1, padding=0, dilation=1):
    """In the frequency domain: correlation is a product with the complex conjugate."""
    (sh, sw), (ph, pw), (dh, dw) = (
        v if isinstance(v, tuple) else (v, v) for v in (stride, padding, dilation)
    )
    x = torch.nn.functional.pad(x, (pw, pw, ph, ph))
    kh, kw = dh * (weight.shape[2] - 1) + 1, dw * (weight.shape[3] - 1) + 1
    spread = weight.new_zeros(*weight.shape[:2], kh, kw)
    spread[:, :, ::dh, ::dw] = weight
    size = x.shape[2:]
    product = rfft2(x, s=size)[:, None] * rfft2(spread, s=size).conj()
    full = irfft2(product.sum(2), s=size)
    out = full[:, :, : size[0] - kh + 1 : sh, : size[1] - kw + 1 : sw]
    return out.contiguous() if bias is None else out + bias.view(1, -1, 1, 1)
