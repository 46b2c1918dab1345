# mistake: The blocks are read in the order update, reset, candidate.
# bug: gate_order
# line: 25
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
        w_z, w_r, w_n = self.weight_ih.split(self.hidden_size)
        u_z, u_r, u_n = self.weight_hh.split(self.hidden_size)
        b_z, b_r, b_n = self.bias_ih.split(self.hidden_size)
        c_z, c_r, c_n = self.bias_hh.split(self.hidden_size)
        z = torch.sigmoid(x @ w_z.T + b_z + h @ u_z.T + c_z)
        r = torch.sigmoid(x @ w_r.T + b_r + h @ u_r.T + c_r)
        n = torch.tanh(x @ w_n.T + b_n + r * (h @ u_n.T + c_n))
        return (1 - z) * n + z * h


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
