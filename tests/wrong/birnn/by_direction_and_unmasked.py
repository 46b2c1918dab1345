# mistake: two mistakes: states lie direction by direction, and output is not 0 at padding
# bug: padding_not_zeroed + states_by_direction
import torch
from torch import nn


class RNNCell(nn.Module):
    def __init__(self, n_in, n_hidden):
        super().__init__()
        k = n_hidden**-0.5
        self.weight_ih = nn.Parameter(torch.empty(n_hidden, n_in).uniform_(-k, k))
        self.weight_hh = nn.Parameter(torch.empty(n_hidden, n_hidden).uniform_(-k, k))
        self.bias = nn.Parameter(torch.empty(n_hidden).uniform_(-k, k))

    def forward(self, x, h):
        return torch.tanh(x @ self.weight_ih.T + h @ self.weight_hh.T + self.bias)


class BiRNN(nn.Module):
    def __init__(self, input_size, hidden_size, num_layers=1):
        super().__init__()
        self.H, self.L = hidden_size, num_layers
        self.forward_cells, self.backward_cells = nn.ModuleList(), nn.ModuleList()
        for layer in range(num_layers):
            width = 2 * hidden_size if layer else input_size
            self.forward_cells.append(RNNCell(width, hidden_size))
            self.backward_cells.append(RNNCell(width, hidden_size))

    def forward(self, x, lengths=None, h=None):
        B, T, _ = x.shape
        if lengths is None:
            lengths = torch.full((B,), T, device=x.device)
        if h is None:
            h = x.new_zeros(2 * self.L, B, self.H)
        mask = torch.arange(T, device=x.device) < lengths[:, None]
        last = []
        for layer in range(self.L):
            f, g = h[layer], h[self.L + layer]
            fs, gs = [None] * T, [None] * T
            for t in range(T):
                f = torch.where(mask[:, t, None], self.forward_cells[layer](x[:, t], f), f)
                fs[t] = f
            for t in reversed(range(T)):
                g = torch.where(mask[:, t, None], self.backward_cells[layer](x[:, t], g), g)
                gs[t] = g
            x = torch.cat([torch.stack(fs, 1), torch.stack(gs, 1)], 2)
            last.insert(layer, f)
            last.append(g)
        return x, torch.stack(last)
