"""A plain recurrent network (Elman, 1990): one state, read and rewritten at every step by the same weights.

    h_t = φ(W x_t + U h_{t−1} + b)        φ = tanh or ReLU

Backpropagation through time needs no code: autograd walks back through the loop.
"""

import math

import torch
from torch import Tensor, nn

NONLINEARITIES = {"tanh": torch.tanh, "relu": torch.relu}


class RNNCell(nn.Module):
    def __init__(self, input_size: int, hidden_size: int, nonlinearity: str = "tanh"):
        super().__init__()
        if nonlinearity not in NONLINEARITIES:
            raise ValueError(f"nonlinearity is 'tanh' or 'relu', not {nonlinearity!r}")
        self.nonlinearity = nonlinearity
        self.weight_ih = nn.Parameter(torch.empty(hidden_size, input_size))  # W
        self.weight_hh = nn.Parameter(torch.empty(hidden_size, hidden_size))  # U
        self.bias = nn.Parameter(torch.empty(hidden_size))  # b
        bound = 1 / math.sqrt(hidden_size)
        for parameter in self.parameters():
            nn.init.uniform_(parameter, -bound, bound)

    def forward(self, x: Tensor, h: Tensor) -> Tensor:
        from_x = x @ self.weight_ih.T  # (B, H)
        from_h = h @ self.weight_hh.T  # (B, H)
        pre_activation = from_x + from_h + self.bias
        new_h = NONLINEARITIES[self.nonlinearity](pre_activation)
        return new_h


class RNN(nn.Module):
    def __init__(self, input_size: int, hidden_size: int, nonlinearity: str = "tanh"):
        super().__init__()
        self.hidden_size = hidden_size
        self.cell = RNNCell(input_size, hidden_size, nonlinearity)

    def forward(self, x: Tensor, h: Tensor | None = None) -> tuple[Tensor, Tensor]:
        if h is None:
            h = x.new_zeros(x.shape[0], self.hidden_size)
        states = []
        for x_t in x.unbind(dim=1):  # (B, D)
            h = self.cell(x_t, h)
            states.append(h)
        output = torch.stack(states, dim=1)  # (B, T, H)
        return output, h
