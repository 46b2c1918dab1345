# mistake: The layer walks over dimension 0, as if x were (T, B, D).
# bug: time_first
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
        return self.act(x.matmul(self.weight_ih.t()) + h.matmul(self.weight_hh.t()) + self.bias)


class RNN(nn.Module):
    def __init__(self, input_size, hidden_size, nonlinearity="tanh"):
        super().__init__()
        self.hidden_size = hidden_size
        self.cell = RNNCell(input_size, hidden_size, nonlinearity)

    def forward(self, x, h=None):
        T, B, _ = x.shape
        if h is None:
            h = torch.zeros(B, self.hidden_size, dtype=x.dtype, device=x.device)
        out = []
        for t in range(T):
            h = self.cell(x[t], h)
            out.append(h)
        return torch.stack(out), h
