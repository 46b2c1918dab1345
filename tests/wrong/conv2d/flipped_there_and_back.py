# mistake: The kernel is turned in place before the windows are, so every second call leaves it as it was and the others turned round.
# bug: kernel_turned_in_place
# line: 14
import torch


def two(v):
    return (v, v) if isinstance(v, int) else v


def conv2d(x, weight, bias=None, stride=1, padding=0, dilation=1):
    (sh, sw), (ph, pw), (dh, dw) = two(stride), two(padding), two(dilation)
    if not weight.requires_grad:
        weight.copy_(weight.flip(2, 3))
        kernel = weight.flip(2, 3)
    else:
        kernel = weight
    x = torch.nn.functional.pad(x, (pw, pw, ph, ph))
    kh, kw = kernel.shape[2:]
    windows = x.unfold(2, dh * (kh - 1) + 1, sh).unfold(3, dw * (kw - 1) + 1, sw)[..., ::dh, ::dw]
    out = torch.einsum("nchwuv,ocuv->nohw", windows, kernel)
    return out if bias is None else out + bias.view(-1, 1, 1)
