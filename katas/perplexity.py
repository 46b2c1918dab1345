from torch import Tensor


class Perplexity:
    def __init__(self, ignore_index: int = -100):
        raise NotImplementedError

    def update(self, logits: Tensor, target: Tensor) -> None:
        raise NotImplementedError

    def compute(self) -> float:
        raise NotImplementedError

    def merge(self, other: "Perplexity") -> None:
        raise NotImplementedError

    def reset(self) -> None:
        raise NotImplementedError
