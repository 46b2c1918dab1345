from collections.abc import Iterable

import torch
from torch import Tensor


def clip_grad(params: Iterable[Tensor], max_norm: float) -> Tensor:
    raise NotImplementedError
