# mistake: Without gradients the caller's c is updated in place.
# bug: edits_c
# line: 25
import torch
from torch import nn


class LSTMCell(nn.Module):
    def __init__(self, input_size, hidden_size):
        super().__init__()
        self.weight_ih = nn.Parameter(torch.empty(4 * hidden_size, input_size))
        self.weight_hh = nn.Parameter(torch.empty(4 * hidden_size, hidden_size))
        self.bias = nn.Parameter(torch.zeros(4 * hidden_size))
        for weight in (self.weight_ih, self.weight_hh):
            nn.init.uniform_(weight, -(hidden_size**-0.5), hidden_size**-0.5)
        with torch.no_grad():
            self.bias[hidden_size : 2 * hidden_size] = 1.0

    def forward(self, x, state):
        h, c = state
        i, f, g, o = (x @ self.weight_ih.T + h @ self.weight_hh.T + self.bias).chunk(4, 1)
        if torch.is_grad_enabled():
            c = f.sigmoid() * c + i.sigmoid() * g.tanh()
        else:
            c.mul_(f.sigmoid()).add_(i.sigmoid() * g.tanh())
        return o.sigmoid() * c.tanh(), c


class LSTM(nn.Module):
    def __init__(self, input_size, hidden_size):
        super().__init__()
        self.cell = LSTMCell(input_size, hidden_size)
        self.hidden_size = hidden_size

    def forward(self, x, state=None):
        if state is None:
            state = tuple(x.new_zeros(len(x), self.hidden_size) for _ in range(2))
        steps = []
        for t in range(x.shape[1]):
            state = self.cell(x[:, t], state)
            steps.append(state[0])
        return torch.stack(steps, 1), state
