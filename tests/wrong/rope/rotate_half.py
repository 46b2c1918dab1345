# mistake: The pairs are i and i + D/2, as in the usual rotate_half, instead of neighbours.
# bug: halves_paired
# line: 8, 18
import torch


def rotate_half(x):
    x1, x2 = x[..., : x.shape[-1] // 2], x[..., x.shape[-1] // 2 :]
    return torch.cat((-x2, x1), dim=-1)


def rope(x, positions=None, base=10000.0):
    dim, work = x.shape[-1], torch.promote_types(x.dtype, torch.float32)
    if positions is None:
        positions = torch.arange(x.shape[-2], device=x.device)
    inv_freq = 1.0 / (base ** (torch.arange(0, dim, 2, device=x.device, dtype=work) / dim))
    freqs = positions.unsqueeze(-1) * inv_freq
    emb = torch.cat((freqs, freqs), dim=-1)
    return (x * emb.cos() + rotate_half(x) * emb.sin()).to(x.dtype)
