import torch
from torch import nn


class RNNCell(nn.Module):
    def __init__(self, input_size, hidden_size, nonlinearity="tanh"):
        if nonlinearity not in ("tanh", "relu"):
            raise ValueError("tanh or relu")
        super().__init__()
        self.relu = nonlinearity == "relu"
        self.D, self.H = input_size, hidden_size
        b = hidden_size**-0.5
        uniform = torch.distributions.Uniform(-b, b)
        self.weight_ih = nn.Parameter(uniform.sample((hidden_size, input_size)))
        self.weight_hh = nn.Parameter(uniform.sample((hidden_size, hidden_size)))
        self.bias = nn.Parameter(uniform.sample((hidden_size,)))

    def forward(self, x, h):
        """One unit after the other."""
        units = []
        for i in range(self.H):
            z = (self.weight_ih[i] * x).sum(1) + (self.weight_hh[i] * h).sum(1) + self.bias[i]
            units.append(torch.where(z > 0, z, 0.0 * z) if self.relu else z.tanh())
        return torch.stack(units, 1)


class RNN(nn.Module):
    def __init__(self, input_size, hidden_size, nonlinearity="tanh"):
        super().__init__()
        self.cell = RNNCell(input_size, hidden_size, nonlinearity)

    def forward(self, x, h=None):
        if h is None:
            h = torch.zeros_like(x[:, 0, :1]).repeat(1, self.cell.H)
        output = []
        for t in range(x.shape[1]):
            h = self.cell(x[:, t], h)
            output += [h]
        return torch.stack(output, 1), h
