"""Long short-term memory (Hochreiter & Schmidhuber, 1997; with the forget gate of Gers et al., 2000).

For one time step, with the rows of W, U and b in the order i, f, g, o:

    i = σ(Wᵢx + Uᵢh + bᵢ)        input gate: what to write
    f = σ(W_f x + U_f h + b_f)   forget gate: what to keep
    g = tanh(W_g x + U_g h + b_g)  candidate
    o = σ(Wₒx + Uₒh + bₒ)        output gate: what to show
    c′ = f ⊙ c + i ⊙ g
    h′ = o ⊙ tanh(c′)
"""

import math

import torch
from torch import Tensor, nn

State = tuple[Tensor, Tensor]  # (h, c), each (B, H)


class LSTMCell(nn.Module):
    def __init__(self, input_size: int, hidden_size: int):
        super().__init__()
        bound = 1 / math.sqrt(hidden_size)
        self.weight_ih = nn.Parameter(torch.empty(4 * hidden_size, input_size))  # W
        self.weight_hh = nn.Parameter(torch.empty(4 * hidden_size, hidden_size))  # U
        self.bias = nn.Parameter(torch.zeros(4 * hidden_size))
        nn.init.uniform_(self.weight_ih, -bound, bound)
        nn.init.uniform_(self.weight_hh, -bound, bound)
        nn.init.ones_(self.bias[hidden_size : 2 * hidden_size])  # the forget gate starts open

    def forward(self, x: Tensor, state: State) -> State:
        h, c = state
        gates = x @ self.weight_ih.T + h @ self.weight_hh.T + self.bias  # (B, 4H)
        i, f, g, o = gates.chunk(4, dim=-1)  # (B, H) each
        write = torch.sigmoid(i)
        keep = torch.sigmoid(f)
        candidate = torch.tanh(g)
        show = torch.sigmoid(o)
        new_c = keep * c + write * candidate
        squashed = torch.tanh(new_c)
        new_h = show * squashed
        return new_h, new_c


class LSTM(nn.Module):
    def __init__(self, input_size: int, hidden_size: int):
        super().__init__()
        self.hidden_size = hidden_size
        self.cell = LSTMCell(input_size, hidden_size)

    def forward(self, x: Tensor, state: State | None = None) -> tuple[Tensor, State]:
        if state is None:
            zeros = x.new_zeros(x.shape[0], self.hidden_size)
            state = zeros, zeros
        outputs = []
        for x_t in x.unbind(dim=1):  # (B, D)
            state = self.cell(x_t, state)
            outputs.append(state[0])
        output = torch.stack(outputs, dim=1)  # (B, T, H)
        return output, state
