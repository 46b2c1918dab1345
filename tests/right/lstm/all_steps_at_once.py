import math

import torch
from torch import nn


def advance(gates, c):
    """Gates as rows of a (4, B, H) tensor; sigmoid(z) = (1 + tanh(z/2)) / 2."""
    i, f, o = (0.5 + 0.5 * torch.tanh(gates[k] / 2) for k in (0, 1, 3))
    c = torch.addcmul(f * c, i, torch.tanh(gates[2]))
    return o * torch.tanh(c), c


class LSTMCell(nn.Module):
    def __init__(self, input_size, hidden_size):
        super().__init__()
        bound = 1 / math.sqrt(hidden_size)
        for name, width in (("weight_ih", input_size), ("weight_hh", hidden_size)):
            weight = torch.empty(4, hidden_size, width).uniform_(-bound, bound)
            self.register_parameter(name, nn.Parameter(weight.flatten(0, 1)))
        bias = torch.zeros(4, hidden_size)
        bias[1] = 1
        self.bias = nn.Parameter(bias.flatten())

    def project(self, x):
        weight = self.weight_ih.view(4, -1, self.weight_ih.shape[1])
        return torch.einsum("...d,khd->k...h", x, weight)

    def recur(self, h):
        weight = self.weight_hh.view(4, -1, h.shape[-1])
        return torch.einsum("bj,khj->kbh", h, weight) + self.bias.view(4, 1, -1)

    def forward(self, x, state):
        return advance(self.project(x) + self.recur(state[0]), state[1])


class LSTM(nn.Module):
    """The products with x of all steps in one einsum, before the loop."""

    def __init__(self, input_size, hidden_size):
        super().__init__()
        self.hidden_size = hidden_size
        self.cell = LSTMCell(input_size, hidden_size)

    def forward(self, x, state=None):
        if state is None:
            state = (x.new_zeros(len(x), self.hidden_size),) * 2
        h, c = state
        outputs = ()
        for projected in self.cell.project(x).unbind(2):
            h, c = advance(projected + self.cell.recur(h), c)
            outputs += (h[:, None],)
        return torch.cat(outputs, 1), (h, c)
