# mistake: the output is stacked as (T, B, H) and only reshaped, and the cell leaves its bias out
# line: 40
import torch
from torch import nn

KINDS = {"tanh": torch.tanh, "relu": lambda z: z.clamp(min=0)}


class RNNCell(nn.Module):
    def __init__(self, input_size, hidden_size, nonlinearity="tanh"):
        super().__init__()
        if nonlinearity not in KINDS:
            raise ValueError(nonlinearity)
        self.act = KINDS[nonlinearity]
        k = hidden_size**-0.5
        self.weight_ih = nn.Parameter((2 * torch.rand(hidden_size, input_size) - 1) * k)
        self.weight_hh = nn.Parameter((2 * torch.rand(hidden_size, hidden_size) - 1) * k)
        self.bias = nn.Parameter((2 * torch.rand(hidden_size) - 1) * k)

    def forward(self, x, h):
        z = torch.einsum("bd,hd->bh", x, self.weight_ih)
        z = z + torch.einsum("bk,hk->bh", h, self.weight_hh)
        return self.act(z)


class RNN(nn.Module):
    def __init__(self, input_size, hidden_size, nonlinearity="tanh"):
        super().__init__()
        self.cell = RNNCell(input_size, hidden_size, nonlinearity)

    def forward(self, x, h=None):
        B, T, _ = x.shape
        H = len(self.cell.bias)
        h = torch.zeros(B, H, dtype=x.dtype, device=x.device) if h is None else h
        pre = torch.einsum("btd,hd->bth", x, self.cell.weight_ih) + self.cell.bias
        output = []
        for t in range(T):
            h = self.cell.act(pre[:, t] + torch.einsum("bk,hk->bh", h, self.cell.weight_hh))
            output.append(h)
        return torch.stack(output).view(B, T, H), h
