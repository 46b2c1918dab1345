from torch import Tensor


def fans(weight: Tensor) -> tuple[int, int]:
    raise NotImplementedError


def xavier_uniform(weight: Tensor, gain: float = 1.0) -> Tensor:
    raise NotImplementedError


def xavier_normal(weight: Tensor, gain: float = 1.0) -> Tensor:
    raise NotImplementedError


def he_uniform(weight: Tensor, mode: str = "fan_in", negative_slope: float = 0.0) -> Tensor:
    raise NotImplementedError


def he_normal(weight: Tensor, mode: str = "fan_in", negative_slope: float = 0.0) -> Tensor:
    raise NotImplementedError
