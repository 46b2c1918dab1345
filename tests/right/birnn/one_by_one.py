import math

import torch
from torch import nn


class Weights(nn.Module):
    def __init__(self, d, h):
        super().__init__()
        for name, shape in dict(weight_ih=(h, d), weight_hh=(h, h), bias=(h,)).items():
            values = (2 * torch.rand(shape) - 1) / math.sqrt(h)
            setattr(self, name, nn.Parameter(values))


class BiRNN(nn.Module):
    """Pure loops: one sequence after the other, without any padding."""

    def __init__(self, input_size, hidden_size, num_layers=1):
        super().__init__()
        sizes = [input_size if k == 0 else 2 * hidden_size for k in range(num_layers)]
        self.backward_cells = nn.ModuleList([Weights(d, hidden_size) for d in sizes])
        self.forward_cells = nn.ModuleList([Weights(d, hidden_size) for d in sizes])
        self.hidden = hidden_size

    def walk(self, cell, tokens, state):
        states = []
        for token in tokens:
            state = torch.tanh(cell.weight_ih @ token + cell.weight_hh @ state + cell.bias)
            states.append(state)
        return states

    def read_one(self, tokens, states):
        after = []
        for k, (ahead, back) in enumerate(zip(self.forward_cells, self.backward_cells)):
            f = self.walk(ahead, tokens, states[2 * k])
            g = self.walk(back, tokens[::-1], states[2 * k + 1])
            after += [f[-1], g[-1]]
            tokens = [torch.cat(pair) for pair in zip(f, g[::-1])]
        return torch.stack(tokens), torch.stack(after)

    def forward(self, x, lengths=None, h=None):
        B, T, _ = x.shape
        sizes = [T] * B if lengths is None else lengths.tolist()
        layers = len(self.forward_cells)
        if h is None:
            h = x.new_zeros(2 * layers, B, self.hidden)
        outputs, after = [], []
        for i, n in enumerate(sizes):
            out, last = self.read_one(list(x[i, :n]), h[:, i])
            outputs.append(torch.cat([out, out.new_zeros(T - n, 2 * self.hidden)]))
            after.append(last)
        return torch.stack(outputs), torch.stack(after, dim=1)
