# mistake: The new bias holds 1 in the rows of the input gate instead of those of the forget gate.
# bug: forget_bias_block
# line: 14
import torch
from torch import nn


class LSTMCell(nn.Module):
    def __init__(self, input_size, hidden_size):
        super().__init__()
        bound = hidden_size**-0.5
        self.weight_ih = nn.Parameter(torch.rand(4 * hidden_size, input_size) * 2 * bound - bound)
        self.weight_hh = nn.Parameter(torch.rand(4 * hidden_size, hidden_size) * 2 * bound - bound)
        self.bias = nn.Parameter(torch.cat([torch.ones(hidden_size), torch.zeros(3 * hidden_size)]))

    def forward(self, x, state):
        h, c = state
        z = x @ self.weight_ih.t() + h @ self.weight_hh.t() + self.bias
        i, f, g, o = z.tensor_split(4, dim=-1)
        c = torch.sigmoid(f) * c + torch.sigmoid(i) * torch.tanh(g)
        return torch.sigmoid(o) * torch.tanh(c), c


class LSTM(nn.Module):
    def __init__(self, input_size, hidden_size):
        super().__init__()
        self.cell = LSTMCell(input_size, hidden_size)
        self.hidden_size = hidden_size

    def forward(self, x, state=None):
        B, T, _ = x.shape
        if state is None:
            h = torch.zeros(B, self.hidden_size, dtype=x.dtype, device=x.device)
            c = torch.zeros_like(h)
        else:
            h, c = state
        hs = []
        for t in range(T):
            h, c = self.cell(x[:, t], (h, c))
            hs.append(h)
        return torch.stack(hs, 1), (h, c)
