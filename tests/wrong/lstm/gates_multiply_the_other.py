# mistake: The forget gate scales the candidate and the input gate scales the old memory.
# bug: input_forget_swapped
# line: 24
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
        ifgo = (x @ self.weight_ih.T + h @ self.weight_hh.T + self.bias).view(-1, 4, self.hidden_size)
        i, f, g, o = ifgo[:, 0].sigmoid(), ifgo[:, 1].sigmoid(), ifgo[:, 2].tanh(), ifgo[:, 3].sigmoid()
        c = i * c + f * g
        return o * c.tanh(), c


class LSTM(nn.Module):
    def __init__(self, input_size, hidden_size):
        super().__init__()
        self.cell = LSTMCell(input_size, hidden_size)
        self.hidden_size = hidden_size

    def forward(self, x, state=None):
        B, T, _ = x.shape
        if state is None:
            h = torch.zeros(B, self.hidden_size, dtype=x.dtype, device=x.device)
            c = torch.zeros_like(h)
        else:
            h, c = state
        hs = []
        for t in range(T):
            h, c = self.cell(x[:, t], (h, c))
            hs.append(h)
        return torch.stack(hs, 1), (h, c)
