# mistake: The parameter is flattened with reshape, which copies when it is not contiguous, so a transposed parameter never receives its update.
# line: 33
# bug: copy_updated
from collections.abc import Iterable

import torch
from torch import Tensor


class _Slot:
    """Everything Adam remembers about one parameter, as flat vectors."""

    def __init__(self, param: Tensor):
        self.param = param
        self.mean = param.new_zeros(param.numel())
        self.power = param.new_zeros(param.numel())
        self.updates = 0


class Adam:
    def __init__(
        self,
        params: Iterable[Tensor],
        lr: float = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
    ):
        self.slots = [_Slot(p) for p in params]
        self.lr, self.betas, self.eps = lr, betas, eps

    def _advance(self, slot: _Slot) -> None:
        b1, b2 = self.betas
        flat = slot.param.detach().reshape(-1)
        grad = slot.param.grad.detach().reshape(-1)
        slot.updates += 1
        slot.mean = slot.mean * b1 + grad * (1 - b1)
        slot.power = slot.power * b2 + grad * grad * (1 - b2)
        mean_hat = slot.mean / (1 - b1**slot.updates)
        power_hat = slot.power / (1 - b2**slot.updates)
        flat -= self.lr * mean_hat / (power_hat.sqrt() + self.eps)

    def step(self) -> None:
        for slot in self.slots:
            if slot.param.grad is not None:
                self._advance(slot)

    def zero_grad(self) -> None:
        for slot in self.slots:
            slot.param.grad = None
