import torch


def rope(x, positions=None, base=10000.0):
    """Loops over tokens and pairs; the angle of pair i is that of pair i − 1 slowed down."""
    exact = torch.float64 if x.dtype == torch.float64 else torch.float32
    length, width = x.shape[-2:]
    if positions is None:
        positions = torch.arange(length, device=x.device)
    positions = positions.expand(*positions.shape[:-1], length)
    columns = []
    for t in range(length):
        m, token = positions[..., t].to(exact), x[..., t, :].to(exact)
        row = []
        for i in range(width // 2):
            angle = m * base ** (-2 * i / width)
            a, b = token[..., 2 * i], token[..., 2 * i + 1]
            row += [a * angle.cos() - b * angle.sin(), a * angle.sin() + b * angle.cos()]
        columns.append(torch.stack(row, dim=-1))
    return torch.stack(columns, dim=-2).to(x.dtype)
