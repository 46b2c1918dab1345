import torch
from torch import Tensor, nn


class Normalise(torch.autograd.Function):
    """Rows of a matrix to mean 0 and variance 1, with the gradient written by hand."""

    @staticmethod
    def forward(ctx, rows, eps):
        n = rows.shape[1]
        centred = rows - rows @ rows.new_full((n, n), 1 / n) if n <= 64 else rows - rows.mean(1, True)
        inv = torch.rsqrt(torch.einsum("rn,rn->r", centred, centred) / n + eps)[:, None]
        x_hat = centred * inv
        ctx.save_for_backward(x_hat, inv)
        return x_hat

    @staticmethod
    def backward(ctx, grad):
        x_hat, inv = ctx.saved_tensors
        return inv * (grad - grad.mean(1, True) - x_hat * (grad * x_hat).mean(1, True)), None


class GroupNorm(nn.Module):
    def __init__(self, num_groups: int, num_channels: int, eps: float = 1e-5, affine: bool = True):
        super().__init__()
        if num_channels // num_groups * num_groups != num_channels:
            raise ValueError
        self.groups, self.eps = num_groups, eps
        if affine:
            self.weight = nn.Parameter(torch.ones(num_channels))
            self.bias = nn.Parameter(torch.zeros(num_channels))

    def forward(self, x: Tensor) -> Tensor:
        N, C = x.shape[:2]
        flat = x.contiguous().view(N * self.groups, -1)
        y = Normalise.apply(flat, self.eps).view(N, C, -1)
        for scale, shift in zip([self._parameters.get("weight")], [self._parameters.get("bias")]):
            if scale is not None:
                y = torch.addcmul(shift[:, None], y, scale[:, None])
        return y.view(x.shape)
