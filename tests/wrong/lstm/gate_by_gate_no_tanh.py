# mistake: h is the output gate times the new memory without tanh.
# bug: no_output_tanh
# line: 29
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
        Wi, Wf, Wg, Wo = self.weight_ih.chunk(4)
        Ui, Uf, Ug, Uo = self.weight_hh.chunk(4)
        bi, bf, bg, bo = self.bias.chunk(4)
        i = torch.sigmoid(x @ Wi.T + h @ Ui.T + bi)
        f = torch.sigmoid(x @ Wf.T + h @ Uf.T + bf)
        o = torch.sigmoid(x @ Wo.T + h @ Uo.T + bo)
        c = f * c + i * torch.tanh(x @ Wg.T + h @ Ug.T + bg)
        return o * c, c


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
