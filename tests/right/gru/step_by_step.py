import torch
import torch.nn.functional as F
from torch import nn


class GRUCell(nn.Module):
    """The six products one by one."""

    def __init__(self, input_size, hidden_size):
        super().__init__()
        k = hidden_size**-0.5
        shapes = dict(bias_hh=(3 * hidden_size,), bias_ih=(3 * hidden_size,))
        shapes.update(weight_hh=(3 * hidden_size, hidden_size), weight_ih=(3 * hidden_size, input_size))
        for name, shape in shapes.items():
            self.register_parameter(name, nn.Parameter((2 * torch.rand(shape) - 1) * k))

    def forward(self, x, h):
        n = h.shape[1]
        rows = [slice(k * n, k * n + n) for k in range(3)]
        xs = [F.linear(x, self.weight_ih[s], self.bias_ih[s]) for s in rows]
        hs = [F.linear(h, self.weight_hh[s], self.bias_hh[s]) for s in rows]
        r = (xs[0] + hs[0]).sigmoid()
        z = (xs[1] + hs[1]).sigmoid()
        c = (xs[2] + r * hs[2]).tanh()
        return c + z * (h - c)


class GRU(nn.Module):
    """Time outside, layers inside."""

    def __init__(self, input_size, hidden_size, num_layers=1):
        super().__init__()
        self.hidden_size = hidden_size
        self.cells = nn.ModuleList([GRUCell(input_size, hidden_size)])
        for _ in range(1, num_layers):
            self.cells.append(GRUCell(hidden_size, hidden_size))

    def forward(self, x, h=None):
        batch, steps, _ = x.shape
        if h is None:
            states = [x.new_zeros(batch, self.hidden_size) for _ in self.cells]
        else:
            states = [h[k] for k in range(len(self.cells))]
        outputs = []
        for t in range(steps):
            value = x[:, t]
            for k, cell in enumerate(self.cells):
                states[k] = value = cell(value, states[k])
            outputs.append(value)
        return torch.stack(outputs, 1), torch.stack(states, 0)
