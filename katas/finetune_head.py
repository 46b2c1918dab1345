from typing import Any

from torch import Tensor, nn


class FineTuner(nn.Module):
    def __init__(self, model: nn.Module, head: str, num_classes: int):
        raise NotImplementedError

    def forward(self, x: Tensor) -> Tensor:
        raise NotImplementedError

    def unfreeze(self, *names: str) -> None:
        raise NotImplementedError

    def train(self, mode: bool = True) -> "FineTuner":
        raise NotImplementedError

    def param_groups(self, lr: float, body_lr: float) -> list[dict[str, Any]]:
        raise NotImplementedError
