# mistake: Each upper layer reads the state that the layer below had before the step, instead of its new output.
# line: 41
# bug: layers_lag
import torch
import torch.nn.functional as F
from torch import Tensor, nn


class GRUCell(nn.Module):
    def __init__(self, input_size: int, hidden_size: int):
        super().__init__()
        k = hidden_size**-0.5
        draw = lambda *shape: nn.Parameter(torch.empty(*shape).uniform_(-k, k))
        self.weight_ih = draw(3 * hidden_size, input_size)
        self.weight_hh = draw(3 * hidden_size, hidden_size)
        self.bias_ih = draw(3 * hidden_size)
        self.bias_hh = draw(3 * hidden_size)

    def forward(self, x: Tensor, h: Tensor) -> Tensor:
        a = F.linear(x, self.weight_ih, self.bias_ih).unflatten(1, (3, -1))
        b = F.linear(h, self.weight_hh, self.bias_hh).unflatten(1, (3, -1))
        r, z = torch.sigmoid(a[:, :2] + b[:, :2]).unbind(1)
        n = torch.tanh(a[:, 2] + r * b[:, 2])
        return n + z * (h - n)


class GRU(nn.Module):
    def __init__(self, input_size: int, hidden_size: int, num_layers: int = 1):
        super().__init__()
        sizes = [input_size] + [hidden_size] * num_layers
        self.cells = nn.ModuleList(GRUCell(a, b) for a, b in zip(sizes, sizes[1:]))

    def forward(self, x: Tensor, h: Tensor | None = None) -> tuple[Tensor, Tensor]:
        B, T, _ = x.shape
        H = self.cells[0].weight_hh.shape[1]
        states = list(h) if h is not None else [x.new_zeros(B, H) for _ in self.cells]
        top = []
        for t in range(T):
            new = []
            for layer, cell in enumerate(self.cells):
                below = x[:, t] if layer == 0 else states[layer - 1]
                new.append(cell(below, states[layer]))
            states = new
            top.append(states[-1])
        return torch.stack(top, dim=1), torch.stack(states)
