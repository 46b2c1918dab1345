from torch import Tensor


def last_scores(scores: Tensor, mask: Tensor) -> Tensor:
    raise NotImplementedError


def reward_loss(
    chosen: Tensor, rejected: Tensor, margin: Tensor | None = None, centre: float = 0.0
) -> Tensor:
    raise NotImplementedError


def ranked_reward_loss(rewards: Tensor, ranks: Tensor) -> Tensor:
    raise NotImplementedError
