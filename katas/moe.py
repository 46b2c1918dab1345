from torch import Tensor, nn


def route(logits: Tensor, k: int, capacity: int | None = None) -> tuple[Tensor, Tensor]:
    raise NotImplementedError


def load_balancing_loss(logits: Tensor, k: int) -> Tensor:
    raise NotImplementedError


class MoE(nn.Module):
    def __init__(
        self, d_model: int, d_hidden: int, experts: int, k: int, capacity_factor: float | None = None
    ):
        raise NotImplementedError

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        raise NotImplementedError
