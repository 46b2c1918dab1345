# mistake: Without gradients the flattened kernel is kept by its shape, so the next kernel of that shape is not looked at.
# bug: kernel_kept
# line: 21
import torch


def two(v):
    return (v, v) if isinstance(v, int) else v


KEPT = {}


def conv2d(x, weight, bias=None, stride=1, padding=0, dilation=1):
    (sh, sw), (ph, pw), (dh, dw) = two(stride), two(padding), two(dilation)
    x = torch.nn.functional.pad(x, (pw, pw, ph, ph))
    kh, kw = weight.shape[2:]
    windows = x.unfold(2, dh * (kh - 1) + 1, sh).unfold(3, dw * (kw - 1) + 1, sw)[..., ::dh, ::dw]
    kernel = weight.flatten(1)
    if torch.is_inference_mode_enabled():
        kernel = KEPT.setdefault(kernel.shape, kernel)
    out = torch.einsum("nchwuv,ocuv->nohw", windows, kernel.view_as(weight))
    return out if bias is None else out + bias.view(-1, 1, 1)
