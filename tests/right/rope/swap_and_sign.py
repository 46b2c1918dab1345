import torch


def exchanged(x):
    """(a, b) → (−b, a) for each pair of neighbours."""
    swapped = x.unflatten(-1, (-1, 2)).flip(-1)
    return (swapped * torch.tensor([-1.0, 1.0]).to(x)).flatten(-2)


def rope(x, positions=None, base=10000.0):
    d = x.size(-1)
    exact = x.dtype if x.dtype in (torch.float32, torch.float64) else torch.float32
    if positions is None:
        positions = torch.arange(x.size(-2), device=x.device)
    inverse = 1.0 / base ** (torch.arange(0, d, 2, device=x.device).to(exact) / d)
    angles = torch.einsum("...t,d->...td", positions.to(exact), inverse).repeat_interleave(2, dim=-1)
    # The rotation itself in the dtype of x.
    return x * angles.cos().to(x.dtype) + exchanged(x) * angles.sin().to(x.dtype)
