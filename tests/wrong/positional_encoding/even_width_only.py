# mistake: The cosines are written into odd dimensions without regard to an odd d_model.
# bug: odd_width
# line: 14
import torch
from torch import nn


def sinusoidal(positions, d_model):
    steps = torch.arange(0, d_model, 2, dtype=positions.dtype, device=positions.device) / d_model
    angles = positions.unsqueeze(-1) / torch.pow(10000, steps)
    shape = tuple(positions.shape) + (d_model,)
    result = torch.zeros(shape, dtype=positions.dtype, device=positions.device)
    result[..., 0::2] = torch.sin(angles)
    result[..., 1::2] = torch.cos(angles)
    return result


class PositionalEncoding(nn.Module):
    def __init__(self, d_model, max_len=5000):
        super().__init__()
        self.d_model = d_model
        p = torch.arange(max_len, dtype=torch.float32)
        self.register_buffer("pe", sinusoidal(p, d_model))

    def forward(self, x, start=0):
        n_tokens = x.shape[-2]
        return x + self.pe[start : start + n_tokens]
