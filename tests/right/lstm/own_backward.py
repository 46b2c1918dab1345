import torch
from torch import nn


class Step(torch.autograd.Function):
    """One step with a backward by hand."""

    @staticmethod
    def forward(ctx, x, h, c, w, u, b):
        z = (x @ w.t() + h @ u.t() + b).view(len(x), 4, -1)
        i, f, g, o = z[:, 0].sigmoid(), z[:, 1].sigmoid(), z[:, 2].tanh(), z[:, 3].sigmoid()
        new = f * c + i * g
        t = new.tanh()
        ctx.save_for_backward(x, h, c, w, u, i, f, g, o, t)
        return o * t, new

    @staticmethod
    def backward(ctx, dh, dc):
        x, h, c, w, u, i, f, g, o, t = ctx.saved_tensors
        dc = dc + dh * o * (1 - t * t)
        dz = torch.cat(
            [dc * g * i * (1 - i), dc * c * f * (1 - f), dc * i * (1 - g * g), dh * t * o * (1 - o)], dim=1
        )
        return dz @ w, dz @ u, dc * f, dz.t() @ x, dz.t() @ h, dz.sum(0)


class LSTMCell(nn.Module):
    def __init__(self, input_size, hidden_size):
        super().__init__()
        r = hidden_size**-0.5
        self.weight_ih = nn.Parameter(
            torch.distributions.Uniform(-r, r).sample((4 * hidden_size, input_size))
        )
        self.weight_hh = nn.Parameter(
            torch.distributions.Uniform(-r, r).sample((4 * hidden_size, hidden_size))
        )
        self.bias = nn.Parameter(torch.tensor([0.0, 1.0, 0.0, 0.0]).repeat_interleave(hidden_size))

    def forward(self, x, state):
        return Step.apply(x, *state, self.weight_ih, self.weight_hh, self.bias)


class LSTM(nn.Module):
    def __init__(self, input_size, hidden_size):
        super().__init__()
        self.cell = LSTMCell(input_size, hidden_size)

    def forward(self, x, state=None):
        """Recursive: the first step, then the rest."""
        if state is None:
            zero = torch.zeros(x.shape[0], self.cell.weight_hh.shape[1], dtype=x.dtype, device=x.device)
            state = (zero, zero.clone())
        state = self.cell(x[:, 0], state)
        if x.shape[1] == 1:
            return state[0].unsqueeze(1), state
        output, last = self.forward(x[:, 1:], state)
        return torch.cat([state[0].unsqueeze(1), output], dim=1), last
