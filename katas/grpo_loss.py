from torch import Tensor


def completion_mask(tokens: Tensor, end: int) -> Tensor:
    raise NotImplementedError


def group_advantages(rewards: Tensor, normalise: bool = True) -> Tensor:
    raise NotImplementedError


def grpo_loss(
    log_probs: Tensor,
    old_log_probs: Tensor,
    ref_log_probs: Tensor,
    advantages: Tensor,
    mask: Tensor,
    clip_low: float = 0.2,
    clip_high: float = 0.2,
    beta: float = 0.04,
    average: str = "answer",
) -> Tensor:
    raise NotImplementedError
