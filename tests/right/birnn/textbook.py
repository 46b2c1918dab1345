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
    """Backward walks from the last position to the first; a multiplicative mask keeps states at padding."""

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
            lengths = torch.tensor([T] * B, device=x.device)
        if h is None:
            h = torch.zeros(2 * self.L, B, self.H, dtype=x.dtype, device=x.device)
        mask = (torch.arange(T, device=x.device).unsqueeze(0) < lengths.unsqueeze(1)).to(x.dtype)
        h_last = []
        for layer in range(self.L):
            f, g = h[2 * layer], h[2 * layer + 1]
            fs, gs = [None] * T, [None] * T
            for t in range(T):
                m = mask[:, t : t + 1]
                f = m * self.forward_cells[layer](x[:, t], f) + (1 - m) * f
                fs[t] = f * m
            for t in reversed(range(T)):
                m = mask[:, t : t + 1]
                g = m * self.backward_cells[layer](x[:, t], g) + (1 - m) * g
                gs[t] = g * m
            x = torch.cat([torch.stack(fs, 1), torch.stack(gs, 1)], 2)
            h_last += [f, g]
        return x, torch.stack(h_last, 0)
