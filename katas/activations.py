import torch
from torch import Tensor


def relu(x: Tensor) -> Tensor:
    raise NotImplementedError


def leaky_relu(x: Tensor, slope: float = 0.01) -> Tensor:
    raise NotImplementedError


def elu(x: Tensor, alpha: float = 1.0) -> Tensor:
    raise NotImplementedError


def gelu(x: Tensor, approximate: str = "none") -> Tensor:
    raise NotImplementedError


def silu(x: Tensor) -> Tensor:
    raise NotImplementedError


def softplus(x: Tensor) -> Tensor:
    raise NotImplementedError


def swiglu(x: Tensor, w_gate: Tensor, w_up: Tensor, w_down: Tensor) -> Tensor:
    raise NotImplementedError
