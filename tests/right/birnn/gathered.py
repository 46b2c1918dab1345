import torch
from torch import nn


class Cell(nn.Module):
    def __init__(self, size, hidden):
        super().__init__()
        self.weight_ih = nn.Parameter(torch.zeros(hidden, size))
        self.weight_hh = nn.Parameter(torch.zeros(hidden, hidden))
        self.bias = nn.Parameter(torch.zeros(hidden))
        uniform = torch.distributions.Uniform(-1 / hidden**0.5, 1 / hidden**0.5)
        with torch.no_grad():
            for p in self.parameters():
                p.copy_(uniform.sample(p.shape))

    def scan(self, x, h):
        """All states of (B, T, D), whatever they are worth; products with x in one go."""
        gx = torch.einsum("btd,hd->bth", x, self.weight_ih) + self.bias
        out = []
        for t in range(x.shape[1]):
            h = (gx[:, t] + nn.functional.linear(h, self.weight_hh)).tanh()
            out.append(h)
        return torch.stack(out, 1)


class BiRNN(nn.Module):
    """Only the real part of each row is reversed, by an index; last states are picked by an index, too."""

    def __init__(self, input_size, hidden_size, num_layers=1):
        super().__init__()
        self.hidden_size, self.num_layers = hidden_size, num_layers
        self.forward_cells = nn.ModuleList()
        self.backward_cells = nn.ModuleList()
        width = input_size
        for _ in range(num_layers):
            self.forward_cells.append(Cell(width, hidden_size))
            self.backward_cells.append(Cell(width, hidden_size))
            width = 2 * hidden_size

    def forward(self, x, lengths=None, h=None):
        B, T = x.shape[:2]
        rows = torch.arange(B, device=x.device)
        if lengths is None:
            lengths = torch.full_like(rows, T)
        if h is None:
            h = x.new_zeros(2 * self.num_layers, B, self.hidden_size)
        t = torch.arange(T, device=x.device).expand(B, T)
        n = lengths.unsqueeze(1)
        turned = torch.where(t < n, n - 1 - t, t)
        last = []
        for k in range(self.num_layers):
            f = self.forward_cells[k].scan(x, h[2 * k])
            g = self.backward_cells[k].scan(x[rows[:, None], turned], h[2 * k + 1])
            last += [f[rows, lengths - 1], g[rows, lengths - 1]]
            x = torch.cat((f, g[rows[:, None], turned]), 2) * (t < n).unsqueeze(2)
        return x, torch.stack(last)
