# mistake: The features are exchanged as neighbours, but the table of angles is laid out for halves.
# bug: angles_in_halves
# line: 18
import torch


def neighbours(x):
    out = torch.empty_like(x)
    out[..., 0::2] = -x[..., 1::2]
    out[..., 1::2] = x[..., 0::2]
    return out


def rope(x, positions=None, base=10000.0):
    d = x.shape[-1]
    kind = torch.float64 if x.dtype == torch.float64 else torch.float32
    p = torch.arange(x.shape[-2], device=x.device) if positions is None else positions
    freqs = p[..., None].to(kind) * base ** (-torch.arange(0, d, 2, dtype=kind, device=x.device) / d)
    table = torch.cat([freqs, freqs], dim=-1)
    return (x * torch.cos(table) + neighbours(x) * torch.sin(table)).to(x.dtype)
