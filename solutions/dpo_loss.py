"""Direct preference optimisation (Rafailov et al., 2023), with smoothed labels.

    log π(y|x) = Σₜ log p(yₜ | x, y₍<ₜ₎),   h = log π(y|x) − log π_ref(y|x)
    m = β (h_w − h_l),   L = −(1 − ε) log σ(m) − ε log σ(−m)

y_w is the chosen answer, y_l the rejected one; β h is the reward that the policy stands for.
"""

import torch.nn.functional as F
from torch import Tensor


def answer_log_probs(logits: Tensor, labels: Tensor) -> Tensor:
    predictions = logits[..., :-1, :]  # (…, T−1, V): position t predicts …
    targets = labels[..., 1:]  # (…, T−1): … token t + 1
    counted = targets != -100  # (…, T−1)
    safe = targets.masked_fill(~counted, 0)  # (…, T−1), tokens that exist

    log_p = predictions.log_softmax(-1)  # (…, T−1, V)
    token_log_p = log_p.gather(-1, safe.unsqueeze(-1)).squeeze(-1)  # (…, T−1)
    answer_log_p = token_log_p.masked_fill(~counted, 0.0)  # (…, T−1)
    return answer_log_p.sum(-1)  # (…)


def dpo_loss(
    chosen: Tensor,
    rejected: Tensor,
    ref_chosen: Tensor,
    ref_rejected: Tensor,
    beta: float = 0.1,
    label_smoothing: float = 0.0,
) -> tuple[Tensor, Tensor, Tensor]:
    h_chosen = chosen - ref_chosen.detach()  # (B,)
    h_rejected = rejected - ref_rejected.detach()  # (B,)
    margin = beta * (h_chosen - h_rejected)  # (B,)
    as_labelled = F.logsigmoid(margin)  # (B,)
    as_flipped = F.logsigmoid(-margin)  # (B,)
    losses = -(1 - label_smoothing) * as_labelled - label_smoothing * as_flipped  # (B,)

    chosen_reward = beta * h_chosen.detach()  # (B,)
    rejected_reward = beta * h_rejected.detach()  # (B,)
    return losses.mean(), chosen_reward, rejected_reward
