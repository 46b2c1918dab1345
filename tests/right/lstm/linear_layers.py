import torch
import torch.nn.functional as F
from torch import nn


class LSTMCell(nn.Module):
    """F.linear on the concatenation of x and h; gates by slicing."""

    def __init__(self, input_size, hidden_size):
        super().__init__()
        self.hidden_size = hidden_size
        k = hidden_size**-0.5
        self.bias = nn.Parameter(torch.cat([torch.full((hidden_size,), v) for v in (0.0, 1.0, 0.0, 0.0)]))
        self.weight_hh = nn.Parameter((torch.rand(4 * hidden_size, hidden_size) * 2 - 1) * k)
        self.weight_ih = nn.Parameter((torch.rand(4 * hidden_size, input_size) * 2 - 1) * k)

    def forward(self, x, state):
        h, c = state
        n = self.hidden_size
        z = F.linear(torch.cat((x, h), 1), torch.cat((self.weight_ih, self.weight_hh), 1), self.bias)
        i, f = z[:, :n].sigmoid(), z[:, n : 2 * n].sigmoid()
        g, o = z[:, 2 * n : 3 * n].tanh(), z[:, 3 * n :].sigmoid()
        c = f * c + i * g
        return o * c.tanh(), c


class LSTM(nn.Module):
    def __init__(self, input_size, hidden_size):
        super().__init__()
        self.cell = LSTMCell(input_size, hidden_size)

    def forward(self, x, state=None):
        batch, steps, _ = x.shape
        n = self.cell.hidden_size
        h, c = state if state is not None else (x.new_zeros(batch, n), x.new_zeros(batch, n))
        output = torch.empty(batch, steps, n, dtype=x.dtype, device=x.device)
        for t in range(steps):
            h, c = self.cell(x[:, t], (h, c))
            output[:, t] = h
        return output, (h, c)
