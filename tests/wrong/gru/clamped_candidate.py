# mistake: The argument of tanh is clamped to (-3, 3).
# bug: candidate_clamped
# line: 27
import math

import torch
from torch import nn


class GRUCell(nn.Module):
    def __init__(self, input_size, hidden_size):
        super().__init__()
        self.hidden_size = hidden_size
        std = 1.0 / math.sqrt(hidden_size)
        self.weight_ih = nn.Parameter(torch.empty(3 * hidden_size, input_size).uniform_(-std, std))
        self.weight_hh = nn.Parameter(torch.empty(3 * hidden_size, hidden_size).uniform_(-std, std))
        self.bias_ih = nn.Parameter(torch.empty(3 * hidden_size).uniform_(-std, std))
        self.bias_hh = nn.Parameter(torch.empty(3 * hidden_size).uniform_(-std, std))

    def forward(self, x, h):
        gi = x @ self.weight_ih.t() + self.bias_ih
        gh = h @ self.weight_hh.t() + self.bias_hh
        i_r, i_z, i_n = gi.chunk(3, 1)
        h_r, h_z, h_n = gh.chunk(3, 1)
        r = torch.sigmoid(i_r + h_r)
        z = torch.sigmoid(i_z + h_z)
        n = torch.tanh((i_n + r * h_n).clamp(-3, 3))
        return n + z * (h - n)


class GRU(nn.Module):
    def __init__(self, input_size, hidden_size, num_layers=1):
        super().__init__()
        self.hidden_size = hidden_size
        self.num_layers = num_layers
        self.cells = nn.ModuleList(
            [GRUCell(input_size if i == 0 else hidden_size, hidden_size) for i in range(num_layers)]
        )

    def forward(self, x, h=None):
        B, T, _ = x.shape
        if h is None:
            h = torch.zeros(self.num_layers, B, self.hidden_size, dtype=x.dtype, device=x.device)
        h = list(h.unbind(0))
        outs = []
        for t in range(T):
            inp = x[:, t]
            for i in range(self.num_layers):
                h[i] = self.cells[i](inp, h[i])
                inp = h[i]
            outs.append(inp)
        return torch.stack(outs, 1), torch.stack(h)
