import torch
from torch import nn


class Step(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x, h, w, u, b, c):
        gx, gh = (x @ w.T + b).view(len(x), 3, -1), (h @ u.T + c).view(len(x), 3, -1)
        r, z = torch.sigmoid(gx[:, 0] + gh[:, 0]), torch.sigmoid(gx[:, 1] + gh[:, 1])
        n = torch.tanh(gx[:, 2] + r * gh[:, 2])
        ctx.save_for_backward(x, h, w, u, r, z, n, gh[:, 2])
        return n - z * n + z * h

    @staticmethod
    def backward(ctx, d):
        x, h, w, u, r, z, n, q = ctx.saved_tensors
        dn = d * (1 - z) * (1 - n * n)
        dz = d * (h - n) * z * (1 - z)
        dr = dn * q * r * (1 - r)
        gx, gh = torch.cat([dr, dz, dn], 1), torch.cat([dr, dz, dn * r], 1)
        return gx @ w, gh @ u + d * z, gx.T @ x, gh.T @ h, gx.sum(0), gh.sum(0)


class GRUCell(nn.Module):
    def __init__(self, input_size, hidden_size):
        super().__init__()
        self.weight_ih = nn.Parameter(torch.empty(3 * hidden_size, input_size))
        self.weight_hh = nn.Parameter(torch.empty(3 * hidden_size, hidden_size))
        self.bias_ih = nn.Parameter(torch.empty(3 * hidden_size))
        self.bias_hh = nn.Parameter(torch.empty(3 * hidden_size))
        with torch.no_grad():
            for p in self.parameters():
                p.uniform_(-1, 1).div_(hidden_size**0.5)

    def forward(self, x, h):
        return Step.apply(x, h, self.weight_ih, self.weight_hh, self.bias_ih, self.bias_hh)


class GRU(nn.Module):
    def __init__(self, input_size, hidden_size, num_layers=1):
        super().__init__()
        sizes = [input_size, *[hidden_size] * num_layers]
        self.cells = nn.ModuleList([GRUCell(a, b) for a, b in zip(sizes, sizes[1:])])

    def forward(self, x, h=None):
        steps = list(x.transpose(0, 1))
        states = []
        for k, cell in enumerate(self.cells):
            s = x.new_zeros(len(x), cell.weight_hh.shape[1]) if h is None else h[k]
            steps = [s := cell(step, s) for step in steps]
            states.append(s)
        return torch.stack(steps).transpose(0, 1), torch.stack(states)
