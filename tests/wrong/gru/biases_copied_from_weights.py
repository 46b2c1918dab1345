# mistake: The biases start as copies of a column of the recurrent weights.
# bug: biases_copied
# line: 18
import torch
from torch import nn


class GRUCell(nn.Module):
    def __init__(self, input_size, hidden_size):
        super().__init__()
        self.weight_ih = nn.Parameter(torch.empty(3 * hidden_size, input_size))
        self.weight_hh = nn.Parameter(torch.empty(3 * hidden_size, hidden_size))
        self.bias_ih = nn.Parameter(torch.empty(3 * hidden_size))
        self.bias_hh = nn.Parameter(torch.empty(3 * hidden_size))
        for value in self.parameters():
            nn.init.uniform_(value, -(hidden_size**-0.5), hidden_size**-0.5)
        with torch.no_grad():
            self.bias_ih.copy_(self.weight_hh[:, 0])
            self.bias_hh.copy_(self.weight_hh[:, -1])

    def forward(self, x, h):
        r, z, n = (x @ self.weight_ih.T + self.bias_ih).chunk(3, 1)
        s, y, m = (h @ self.weight_hh.T + self.bias_hh).chunk(3, 1)
        keep = (z + y).sigmoid()
        new = (n + (r + s).sigmoid() * m).tanh()
        return new + keep * (h - new)


class GRU(nn.Module):
    def __init__(self, input_size, hidden_size, num_layers=1):
        super().__init__()
        widths = [input_size, *[hidden_size] * (num_layers - 1)]
        self.cells = nn.ModuleList([GRUCell(width, hidden_size) for width in widths])
        self.hidden_size = hidden_size

    def forward(self, x, h=None):
        states = [x.new_zeros(len(x), self.hidden_size) for _ in self.cells] if h is None else [*h]
        tops = []
        for t in range(x.shape[1]):
            below = x[:, t]
            for i, cell in enumerate(self.cells):
                states[i] = below = cell(below, states[i])
            tops.append(below)
        return torch.stack(tops, 1), torch.stack(states)
