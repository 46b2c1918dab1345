from torch import Tensor


def answer_log_probs(logits: Tensor, labels: Tensor) -> Tensor:
    raise NotImplementedError


def dpo_loss(
    chosen: Tensor,
    rejected: Tensor,
    ref_chosen: Tensor,
    ref_rejected: Tensor,
    beta: float = 0.1,
    label_smoothing: float = 0.0,
) -> tuple[Tensor, Tensor, Tensor]:
    raise NotImplementedError
