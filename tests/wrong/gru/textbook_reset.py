# mistake: The reset gate scales h before the recurrent product, and the bias not at all.
# bug: reset_before_product
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
        k = self.hidden_size
        w, u, b = self.weight_ih, self.weight_hh, self.bias_ih + self.bias_hh
        r = torch.sigmoid(x @ w[:k].T + h @ u[:k].T + b[:k])
        z = torch.sigmoid(x @ w[k : 2 * k].T + h @ u[k : 2 * k].T + b[k : 2 * k])
        n = torch.tanh(x @ w[2 * k :].T + (r * h) @ u[2 * k :].T + b[2 * k :])
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
