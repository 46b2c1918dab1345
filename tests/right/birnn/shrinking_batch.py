import torch
from torch import nn


def cell(size, hidden):
    module = nn.Module()
    module.weight_ih = nn.Parameter(torch.empty(hidden, size))
    module.weight_hh = nn.Parameter(torch.empty(hidden, hidden))
    module.bias = nn.Parameter(torch.empty(hidden))
    for p in module.parameters():
        nn.init.uniform_(p, -((1 / hidden) ** 0.5), (1 / hidden) ** 0.5)
    return module


class BiRNN(nn.Module):
    """As packed sequences do it: sorted by length, a step takes only the sequences that have one."""

    def __init__(self, input_size, hidden_size, num_layers=1):
        super().__init__()
        self.hidden_size = hidden_size
        widths = [input_size, *[2 * hidden_size for _ in range(1, num_layers)]]
        self.forward_cells = nn.ModuleList(cell(w, hidden_size) for w in widths)
        self.backward_cells = nn.ModuleList(cell(w, hidden_size) for w in widths)

    def forward(self, x, lengths=None, h=None):
        batch, T, _ = x.shape
        lengths = torch.full((batch,), T, device=x.device, dtype=torch.int64) if lengths is None else lengths
        layers = len(self.forward_cells)
        h = torch.zeros((2 * layers, batch, self.hidden_size)).to(x) if h is None else h
        order = torch.argsort(lengths, descending=True)
        back = torch.argsort(order)
        sizes = [int((lengths > t).sum()) for t in range(T)]
        x, h = x[order], h[:, order]
        last = []
        for k in range(layers):
            halves = []
            for way, c in enumerate((self.forward_cells[k], self.backward_cells[k])):
                state, out = h[2 * k + way], {}
                for t in range(T) if way == 0 else range(T - 1, -1, -1):
                    n = sizes[t]
                    new = torch.tanh(
                        torch.addmm(c.bias, x[:n, t], c.weight_ih.mT) + torch.mm(state[:n], c.weight_hh.mT)
                    )
                    state = torch.cat([new, state[n:]])
                    out[t] = torch.cat([new, torch.zeros_like(state[n:])])
                halves.append(torch.stack([out[t] for t in range(T)], dim=1))
                last.append(state)
            x = torch.cat(halves, dim=2)
        return x[back], torch.stack(last)[:, back]
