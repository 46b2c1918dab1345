from collections.abc import Callable

from torch import Tensor


def beam_search(
    log_probs: Callable[[Tensor], Tensor],
    prompt: Tensor,
    eos: int,
    beam_width: int,
    max_new_tokens: int,
    alpha: float = 0.75,
) -> list[tuple[list[int], float]]:
    raise NotImplementedError
