"""Gated recurrent unit (Cho et al., 2014), with the reset gate after the product, as torch and cuDNN have it.

For one time step, with the rows of W, U, b and b′ in the order r, z, n:

    r = σ(Wᵣx + bᵣ + Uᵣh + b′ᵣ)           reset gate: how much of the past the candidate sees
    z = σ(W_z x + b_z + U_z h + b′_z)     update gate: how much of the old state stays
    n = tanh(Wₙx + bₙ + r ⊙ (Uₙh + b′ₙ))  candidate
    h′ = (1 − z) ⊙ n + z ⊙ h
"""

import math

import torch
from torch import Tensor, nn


class GRUCell(nn.Module):
    def __init__(self, input_size: int, hidden_size: int):
        super().__init__()
        self.weight_ih = nn.Parameter(torch.empty(3 * hidden_size, input_size))  # W
        self.weight_hh = nn.Parameter(torch.empty(3 * hidden_size, hidden_size))  # U
        self.bias_ih = nn.Parameter(torch.empty(3 * hidden_size))  # b
        self.bias_hh = nn.Parameter(torch.empty(3 * hidden_size))  # b′
        bound = 1 / math.sqrt(hidden_size)
        for parameter in self.parameters():
            nn.init.uniform_(parameter, -bound, bound)

    def forward(self, x: Tensor, h: Tensor) -> Tensor:
        from_x = x @ self.weight_ih.T + self.bias_ih  # (B, 3H)
        from_h = h @ self.weight_hh.T + self.bias_hh  # (B, 3H)
        x_r, x_z, x_n = from_x.chunk(3, dim=-1)  # (B, H) each
        h_r, h_z, h_n = from_h.chunk(3, dim=-1)
        reset = torch.sigmoid(x_r + h_r)
        update = torch.sigmoid(x_z + h_z)
        candidate = torch.tanh(x_n + reset * h_n)
        new_h = (1 - update) * candidate + update * h
        return new_h


class GRU(nn.Module):
    def __init__(self, input_size: int, hidden_size: int, num_layers: int = 1):
        super().__init__()
        self.hidden_size = hidden_size
        widths = [input_size] + [hidden_size] * (num_layers - 1)
        self.cells = nn.ModuleList(GRUCell(width, hidden_size) for width in widths)

    def forward(self, x: Tensor, h: Tensor | None = None) -> tuple[Tensor, Tensor]:
        if h is None:
            h = x.new_zeros(len(self.cells), x.shape[0], self.hidden_size)
        sequence, last = x, []
        for cell, state in zip(self.cells, h, strict=True):
            outputs = []
            for step in sequence.unbind(dim=1):
                state = cell(step, state)  # (B, H)
                outputs.append(state)
            sequence = torch.stack(outputs, dim=1)  # (B, T, H): what the next layer reads
            last.append(state)
        states = torch.stack(last)  # (L, B, H)
        return sequence, states
