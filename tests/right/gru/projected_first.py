import math

import torch
from torch import nn


def mix(gx, gh, h):
    """gx, gh: (3, B, H)."""
    r, z = torch.sigmoid(gx[:2] + gh[:2])
    return torch.lerp(torch.tanh(torch.addcmul(gx[2], r, gh[2])), h, z)


class GRUCell(nn.Module):
    def __init__(self, input_size, hidden_size):
        super().__init__()
        self.n = hidden_size
        k = 1 / math.sqrt(hidden_size)

        def fresh(*shape):
            return nn.Parameter(torch.empty(*shape).uniform_(-k, k))

        self.weight_ih, self.weight_hh = fresh(3 * self.n, input_size), fresh(3 * self.n, self.n)
        self.bias_ih, self.bias_hh = fresh(3 * self.n), fresh(3 * self.n)

    def of_x(self, x):
        out = torch.einsum("...d,gd->...g", x, self.weight_ih) + self.bias_ih
        return torch.stack(out.split(self.n, -1))

    def of_h(self, h):
        return torch.stack(torch.addmm(self.bias_hh, h, self.weight_hh.t()).split(self.n, -1))

    def forward(self, x, h):
        return mix(self.of_x(x), self.of_h(h), h)


class GRU(nn.Module):
    def __init__(self, input_size, hidden_size, num_layers=1):
        super().__init__()
        self.cells = nn.ModuleList()
        for layer in range(num_layers):
            self.cells.append(GRUCell(hidden_size if layer else input_size, hidden_size))

    def forward(self, x, h=None):
        last = []
        for k, cell in enumerate(self.cells):
            state = torch.zeros(x.shape[0], cell.n, dtype=x.dtype, device=x.device) if h is None else h[k]
            y = x.new_empty(x.shape[0], 0, cell.n)
            for gx in cell.of_x(x).unbind(2):
                state = mix(gx, cell.of_h(state), state)
                y = torch.cat([y, state.unsqueeze(1)], 1)
            x = y
            last += [state.unsqueeze(0)]
        return x, torch.cat(last)
