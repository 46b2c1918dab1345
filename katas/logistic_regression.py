from torch import Tensor


def probabilities(x: Tensor, w: Tensor, b: Tensor) -> Tensor:
    raise NotImplementedError


def loss(x: Tensor, y: Tensor, w: Tensor, b: Tensor, l2: float = 0.0) -> Tensor:
    raise NotImplementedError


def gradients(x: Tensor, y: Tensor, w: Tensor, b: Tensor, l2: float = 0.0) -> tuple[Tensor, Tensor]:
    raise NotImplementedError


def fit(x: Tensor, y: Tensor, lr: float, steps: int, l2: float = 0.0) -> tuple[Tensor, Tensor]:
    raise NotImplementedError


def predict(x: Tensor, w: Tensor, b: Tensor, threshold: float = 0.5) -> Tensor:
    raise NotImplementedError


def best_threshold(p: Tensor, y: Tensor, cost_fp: float = 1.0, cost_fn: float = 1.0) -> Tensor:
    raise NotImplementedError
