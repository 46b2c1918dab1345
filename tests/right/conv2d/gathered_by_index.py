import torch


def starts_and_reach(size, k, s, p, d, device):
    first = torch.arange(0, size + 2 * p - d * (k - 1), s, device=device) - p
    return first[:, None] + d * torch.arange(k, device=device)  # (out, k), outside of the image too


def conv2d(x, weight, bias=None, stride=1, padding=0, dilation=1):
    """Rows and columns by index; what lies outside the image is zeroed by a mask, nothing is padded."""
    vertical, horizontal = (
        [v[axis] if isinstance(v, tuple) else v for v in (stride, padding, dilation)] for axis in (0, 1)
    )
    h, w = x.shape[2:]
    rows = starts_and_reach(h, weight.shape[2], *vertical, x.device)
    columns = starts_and_reach(w, weight.shape[3], *horizontal, x.device)
    inside_h = ((rows >= 0) & (rows < h)).to(x.dtype)
    inside_w = ((columns >= 0) & (columns < w)).to(x.dtype)
    taken = x[:, :, rows.clamp(0, h - 1)]  # (N, C, out_h, k_h, W)
    taken = taken[..., columns.clamp(0, w - 1)]  # (N, C, out_h, k_h, out_w, k_w)
    out = torch.einsum("nciujv,iu,jv,ocuv->noij", taken, inside_h, inside_w, weight)
    if bias is not None:
        out = out + bias.unsqueeze(-1).unsqueeze(-1)
    return out
