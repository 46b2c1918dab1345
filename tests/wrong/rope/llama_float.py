# mistake: Everything goes through float32, whatever the dtype of x.
# bug: digits_lost
# line: 8, 13
import torch


def rope(x, positions=None, base=10000.0):
    x_ = x.float().reshape(*x.shape[:-1], -1, 2)
    x_ = torch.view_as_complex(x_)
    if positions is None:
        positions = torch.arange(x.shape[-2], device=x.device)
    freqs = 1.0 / (base ** (torch.arange(0, x.shape[-1], 2, device=x.device).float() / x.shape[-1]))
    freqs = positions.float().unsqueeze(-1) * freqs
    freqs_cis = torch.polar(torch.ones_like(freqs), freqs)
    return torch.view_as_real(x_ * freqs_cis).flatten(-2).type_as(x)
