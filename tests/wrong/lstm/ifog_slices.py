# mistake: The blocks are read in the order input, forget, output, candidate.
# bug: gate_order
# line: 25
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
        h_prev, c_prev = state
        n = self.hidden_size
        pre = x @ self.weight_ih.T + h_prev @ self.weight_hh.T + self.bias
        gates = torch.sigmoid(torch.cat([pre[:, : 2 * n], pre[:, 2 * n : 3 * n]], dim=1))
        i, f, o = gates[:, :n], gates[:, n : 2 * n], gates[:, 2 * n :]
        c_hat = torch.tanh(pre[:, 3 * n :])
        c_t = f * c_prev + i * c_hat
        return o * torch.tanh(c_t), c_t


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
