# mistake: adain keeps the statistics of the style it saw last and takes them again for a style of the same shape.
import torch
from torch import Tensor, nn


def stats(x: Tensor, eps: float) -> tuple[Tensor, Tensor]:
    flat = x.reshape(x.shape[0], x.shape[1], -1)
    var, mean = torch.var_mean(flat, -1, unbiased=False)
    return mean, torch.sqrt(var + eps)


def spread_out(values: Tensor, like: Tensor) -> Tensor:
    return values.reshape(*values.shape, *(1,) * (like.dim() - values.dim()))


class InstanceNorm(nn.Module):
    def __init__(self, num_features: int, eps: float = 1e-5, affine: bool = False):
        super().__init__()
        self.eps = eps
        self.affine = affine
        if affine:
            self.weight = nn.Parameter(torch.ones(num_features))
            self.bias = nn.Parameter(torch.zeros(num_features))

    def forward(self, x: Tensor) -> Tensor:
        mean, std = stats(x, self.eps)
        y = (x - spread_out(mean, x)) / spread_out(std, x)
        if self.affine:
            shape = (1, -1) + (1,) * (x.dim() - 2)
            y = y * self.weight.view(shape) + self.bias.view(shape)
        return y


KNOWN = {}


def adain(content: Tensor, style: Tensor, eps: float = 1e-5) -> Tensor:
    mean, std = stats(content, eps)
    if (style.shape, eps) not in KNOWN:
        KNOWN[style.shape, eps] = stats(style, eps)
    new_mean, new_std = KNOWN[style.shape, eps]
    scale = new_std / std
    return spread_out(scale, content) * (content - spread_out(mean, content)) + spread_out(new_mean, content)
