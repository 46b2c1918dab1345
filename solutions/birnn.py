"""A bidirectional recurrent network (Schuster & Paliwal, 1997) of one or more layers, for padded batches.

In every layer two cells with weights of their own read the same sequence, one from each end:

    →h_t = tanh(→W x_t + →U →h_{t−1} + →b)        t = 1 … n
    ←h_t = tanh(←W x_t + ←U ←h_{t+1} + ←b)        t = n … 1
    o_t  = [→h_t, ←h_t]                            what the next layer reads

A step on padding leaves the state as it is: so the backward walk, which begins in the padding, reaches the last real
token with its initial state.
"""

import math

import torch
from torch import Tensor, nn


class Cell(nn.Module):
    def __init__(self, input_size: int, hidden_size: int):
        super().__init__()
        self.weight_ih = nn.Parameter(torch.empty(hidden_size, input_size))  # W
        self.weight_hh = nn.Parameter(torch.empty(hidden_size, hidden_size))  # U
        self.bias = nn.Parameter(torch.empty(hidden_size))  # b
        bound = 1 / math.sqrt(hidden_size)
        for parameter in self.parameters():
            nn.init.uniform_(parameter, -bound, bound)

    def forward(self, sequence: Tensor, h: Tensor, real: Tensor) -> tuple[Tensor, Tensor]:
        states = []
        for x_t, real_t in zip(sequence.unbind(dim=1), real.unbind(dim=1), strict=True):
            new_h = torch.tanh(x_t @ self.weight_ih.T + h @ self.weight_hh.T + self.bias)  # (B, H)
            h = torch.where(real_t[:, None], new_h, h)
            states.append(h)
        return torch.stack(states, dim=1), h  # (B, T, H), (B, H)


class BiRNN(nn.Module):
    def __init__(self, input_size: int, hidden_size: int, num_layers: int = 1):
        super().__init__()
        self.hidden_size = hidden_size
        widths = [input_size] + [2 * hidden_size] * (num_layers - 1)
        self.forward_cells = nn.ModuleList(Cell(width, hidden_size) for width in widths)
        self.backward_cells = nn.ModuleList(Cell(width, hidden_size) for width in widths)

    def forward(
        self, x: Tensor, lengths: Tensor | None = None, h: Tensor | None = None
    ) -> tuple[Tensor, Tensor]:
        batch, steps, _ = x.shape
        if lengths is None:
            lengths = torch.full((batch,), steps, device=x.device)
        if h is None:
            h = x.new_zeros(2 * len(self.forward_cells), batch, self.hidden_size)
        real = torch.arange(steps, device=x.device) < lengths[:, None]  # (B, T)
        sequence, last = x, []
        cells = zip(self.forward_cells, self.backward_cells, strict=True)
        for layer, (forward_cell, backward_cell) in enumerate(cells):
            ahead, last_ahead = forward_cell(sequence, h[2 * layer], real)
            reversed_back, last_back = backward_cell(sequence.flip(1), h[2 * layer + 1], real.flip(1))
            back = reversed_back.flip(1)
            both = torch.cat([ahead, back], dim=-1)  # (B, T, 2H)
            sequence = both.masked_fill(~real[..., None], 0.0)
            last += [last_ahead, last_back]
        return sequence, torch.stack(last)  # (B, T, 2H), (2L, B, H)
