# mistake: The memory starts at zero in every step of the layer.
# bug: c_not_carried
# line: 40
import math

import torch
from torch import nn


class LSTMCell(nn.Module):
    def __init__(self, input_size, hidden_size):
        super().__init__()
        self.hidden_size = hidden_size
        k = 1 / math.sqrt(hidden_size)
        self.weight_ih = nn.Parameter(torch.empty(4 * hidden_size, input_size).uniform_(-k, k))
        self.weight_hh = nn.Parameter(torch.empty(4 * hidden_size, hidden_size).uniform_(-k, k))
        self.bias = nn.Parameter(torch.zeros(4 * hidden_size))
        self.bias.data[hidden_size : 2 * hidden_size] = 1.0

    def forward(self, x, state):
        h, c = state
        z = x @ self.weight_ih.t() + h @ self.weight_hh.t() + self.bias
        i, f, g, o = torch.split(z, self.hidden_size, dim=1)
        c = torch.sigmoid(f) * c + torch.sigmoid(i) * torch.tanh(g)
        h = torch.sigmoid(o) * torch.tanh(c)
        return h, c


class LSTM(nn.Module):
    def __init__(self, input_size, hidden_size):
        super().__init__()
        self.cell = LSTMCell(input_size, hidden_size)
        self.hidden_size = hidden_size

    def forward(self, x, state=None):
        zeros = x.new_zeros(x.size(0), self.hidden_size)
        h, c = (zeros, zeros) if state is None else state
        outs = x.new_zeros(x.size(0), x.size(1), self.hidden_size)
        for t in range(x.size(1)):
            h, c = self.cell(x[:, t, :], (h, zeros))
            outs[:, t] = h
        return outs, (h, c)
