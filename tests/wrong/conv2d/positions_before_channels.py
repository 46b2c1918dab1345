# mistake: The result (N, positions, C_out) is reshaped to the image without moving the channels first.
# bug: output_reshaped
# line: 21
import torch


def conv2d(x, weight, bias=None, stride=1, padding=0, dilation=1):
    sh, sw = stride if isinstance(stride, tuple) else (stride, stride)
    ph, pw = padding if isinstance(padding, tuple) else (padding, padding)
    dh, dw = dilation if isinstance(dilation, tuple) else (dilation, dilation)
    n, _, h, w = x.shape
    c_out, _, kh, kw = weight.shape
    oh = (h + 2 * ph - dh * (kh - 1) - 1) // sh + 1
    ow = (w + 2 * pw - dw * (kw - 1) - 1) // sw + 1
    patches = torch.nn.functional.unfold(
        x, kernel_size=(kh, kw), dilation=(dh, dw), padding=(ph, pw), stride=(sh, sw)
    )
    rows = patches.transpose(1, 2) @ weight.reshape(c_out, -1).t()  # (N, positions, C_out)
    if bias is not None:
        rows = rows + bias
    return rows.reshape(n, c_out, oh, ow)
