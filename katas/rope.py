from torch import Tensor


def rope(x: Tensor, positions: Tensor | None = None, base: float = 10000.0) -> Tensor:
    raise NotImplementedError
