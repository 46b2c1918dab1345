# mistake: The new states are written into the caller's h.
# line: 42
# bug: edits_h
import torch
from torch import Tensor, nn


class GRUCell(nn.Module):
    def __init__(self, input_size: int, hidden_size: int):
        super().__init__()
        k = 1.0 / hidden_size**0.5

        def fresh(*size):
            return nn.Parameter(torch.empty(*size).uniform_(-k, k))

        self.weight_ih = fresh(3 * hidden_size, input_size)
        self.weight_hh = fresh(3 * hidden_size, hidden_size)
        self.bias_ih = fresh(3 * hidden_size)
        self.bias_hh = fresh(3 * hidden_size)

    def forward(self, x: Tensor, h: Tensor) -> Tensor:
        a = torch.einsum("bd,gd->bg", x, self.weight_ih) + self.bias_ih
        c = torch.einsum("bh,gh->bg", h, self.weight_hh) + self.bias_hh
        H = h.shape[1]
        r = torch.sigmoid(a[:, :H] + c[:, :H])
        z = torch.sigmoid(a[:, H : 2 * H] + c[:, H : 2 * H])
        n = torch.tanh(a[:, 2 * H :] + r * c[:, 2 * H :])
        return n - z * n + z * h


class GRU(nn.Module):
    def __init__(self, input_size: int, hidden_size: int, num_layers: int = 1):
        super().__init__()
        self.hidden_size = hidden_size
        self.cells = nn.ModuleList()
        for i in range(num_layers):
            self.cells.append(GRUCell(input_size if i == 0 else hidden_size, hidden_size))

    def forward(self, x: Tensor, h: Tensor | None = None) -> tuple[Tensor, Tensor]:
        if h is None:
            h = x.new_zeros(len(self.cells), x.shape[0], self.hidden_size)
        states = h
        y = list(x.transpose(0, 1))
        for i, cell in enumerate(self.cells):
            s = states[i].clone()
            for t in range(len(y)):
                s = cell(y[t], s)
                y[t] = s
            states[i] = s
        return torch.stack(y, dim=1), states
