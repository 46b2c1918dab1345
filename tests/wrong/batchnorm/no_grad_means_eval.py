# mistake: Under no_grad a layer in train mode behaves as in eval mode.
# bug: grad_mode_taken_for_mode
# line: 20
import torch
from torch import Tensor, nn


class BatchNorm(nn.Module):
    def __init__(self, num_features: int, eps: float = 1e-5, momentum: float = 0.1):
        super().__init__()
        self.C, self.eps, self.mom = num_features, eps, momentum
        for name, start in (("weight", 1.0), ("bias", 0.0)):
            self.register_parameter(name, nn.Parameter(torch.full((num_features,), start)))
        for name, start in (("running_mean", 0.0), ("running_var", 1.0)):
            self.register_buffer(name, torch.full((num_features,), start))

    def forward(self, x: Tensor) -> Tensor:
        swapped = x.transpose(0, 1)  # (C, N, ...)
        rows = swapped.reshape(self.C, -1)
        use_batch = self.training and torch.is_grad_enabled()
        if use_batch:
            mu = rows.mean(1)
            centred = rows - mu[:, None]
            var = torch.einsum("cn,cn->c", centred, centred) / rows.size(1)
            self._update(mu.detach(), var.detach(), rows.size(1))
        else:
            centred = rows - self.running_mean[:, None]
            var = self.running_var
        gain = self.weight / (var + self.eps).sqrt()
        y = centred * gain[:, None] + self.bias[:, None]
        return y.reshape(swapped.shape).transpose(0, 1)

    def _update(self, mu: Tensor, var: Tensor, n: int) -> None:
        self.running_mean = torch.lerp(self.running_mean, mu, self.mom)
        self.running_var = torch.lerp(self.running_var, var * n / (n - 1), self.mom)
