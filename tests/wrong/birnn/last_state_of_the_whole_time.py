# mistake: the returned states are those after T steps, so padding is read after the end of shorter sequences.
# bug: states_through_padding
# line: 40
import torch
from torch import nn
from torch.nn import functional as F


def make_cell(inputs, hidden):
    cell, k = nn.Module(), hidden**-0.5
    for name, shape in {
        "weight_ih": (hidden, inputs),
        "weight_hh": (hidden, hidden),
        "bias": (hidden,),
    }.items():
        cell.register_parameter(name, nn.Parameter(torch.rand(shape) * 2 * k - k))
    return cell


class BiRNN(nn.Module):
    def __init__(self, input_size, hidden_size, num_layers=1):
        super().__init__()
        sizes = [input_size if i == 0 else 2 * hidden_size for i in range(num_layers)]
        self.forward_cells, self.backward_cells = (
            nn.ModuleList(make_cell(n, hidden_size) for n in sizes) for _ in range(2)
        )

    def forward(self, x, lengths=None, h=None):
        (B, T, _), H, L = x.shape, self.forward_cells[0].bias.numel(), len(self.forward_cells)
        n = torch.full((B, 1), T, device=x.device) if lengths is None else lengths[:, None]
        time = torch.arange(T, device=x.device).expand(B, T)
        mask = (time < n)[..., None]
        mirror = torch.where(time < n, n - 1 - time, time)[..., None]
        flip = lambda s: s.gather(1, mirror.expand_as(s))
        states, x = (x.new_zeros(2 * L, B, H) if h is None else h), x.where(mask, x.new_zeros(()))
        last = []
        for i, cells in enumerate(zip(self.forward_cells, self.backward_cells)):
            halves = []
            for cell, s, turn in zip(cells, states[2 * i : 2 * i + 2], (lambda s: s, flip)):
                z, path = F.linear(turn(x), cell.weight_ih, cell.bias), [s]
                for t in range(T):
                    path.append(torch.tanh(z[:, t] + path[-1] @ cell.weight_hh.t()))
                path = torch.stack(path, 1)
                last.append(path[:, -1])
                halves.append(turn(path[:, 1:] * mask))
            x = torch.cat(halves, -1)
        return x, torch.stack(last)
