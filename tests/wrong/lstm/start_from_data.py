# mistake: The initial state is cut out of the graph by .data, so h0 and c0 get no gradient.
# bug: initial_state_detached
# line: 38
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

    def start(self, x, state):
        if state is None:
            return x.new_zeros(x.size(0), self.hidden_size), x.new_zeros(x.size(0), self.hidden_size)
        return state[0].data, state[1].data.clone()

    def forward(self, x, state=None):
        h, c = self.start(x, state)
        hs = []
        for xt in torch.unbind(x, 1):
            h, c = self.cell(xt, (h, c))
            hs.append(h.unsqueeze(1))
        return torch.cat(hs, 1), (h, c)
