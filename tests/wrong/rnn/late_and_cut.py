# mistake: Two at once: the outputs lag a step behind, and the returned state is detached.
# bug: last_state_detached + outputs_shifted
import torch
from torch import nn


class RNNCell(nn.Module):
    def __init__(self, input_size, hidden_size, nonlinearity="tanh"):
        super().__init__()
        if nonlinearity not in ("tanh", "relu"):
            raise ValueError(nonlinearity)
        self.act = getattr(torch, nonlinearity)
        k = hidden_size**-0.5
        self.weight_ih = nn.Parameter(torch.empty(hidden_size, input_size).uniform_(-k, k))
        self.weight_hh = nn.Parameter(torch.empty(hidden_size, hidden_size).uniform_(-k, k))
        self.bias = nn.Parameter(torch.empty(hidden_size).uniform_(-k, k))

    def forward(self, x, h):
        return self.act(x @ self.weight_ih.T + h @ self.weight_hh.T + self.bias)


class RNN(nn.Module):
    def __init__(self, input_size, hidden_size, nonlinearity="tanh"):
        super().__init__()
        self.hidden_size = hidden_size
        self.cell = RNNCell(input_size, hidden_size, nonlinearity)

    def forward(self, x, h=None):
        h = x.new_zeros(len(x), self.hidden_size) if h is None else h
        out = []
        for t in range(x.shape[1]):
            out.append(h)
            h = self.cell(x[:, t], h)
        return torch.stack(out, 1), h.detach()
