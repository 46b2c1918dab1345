"""Cross-entropy with smoothed labels (Szegedy et al., 2016), class weights and ignored positions.

    qⱼ = (1 − ε) [j = t] + ε/C,   L = −Σⱼ wⱼ qⱼ log pⱼ = (1 − ε) cₜ + ε · mean(c),   cⱼ = −wⱼ log pⱼ

cⱼ is what it costs if class j is the true one.
"""

from torch import Tensor


def smoothed_cross_entropy(
    logits: Tensor,
    target: Tensor,
    epsilon: float = 0.1,
    weight: Tensor | None = None,
    ignore_index: int = -100,
    reduction: str = "mean",
) -> Tensor:
    if weight is None:
        weight = logits.new_ones(logits.shape[-1])  # (C,)
    ignored = target == ignore_index  # (…)
    safe = target.masked_fill(ignored, 0)  # (…), classes that exist

    log_p = logits.log_softmax(-1)  # (…, C)
    costs = -weight * log_p  # (…, C)
    true_cost = costs.gather(-1, safe.unsqueeze(-1)).squeeze(-1)  # (…)
    mean_cost = costs.mean(-1)  # (…): every class has the share 1/C
    smoothed = (1 - epsilon) * true_cost + epsilon * mean_cost
    losses = smoothed.masked_fill(ignored, 0.0)

    if reduction == "none":
        return losses
    total = losses.sum()
    if reduction == "sum":
        return total
    counted = weight[safe].masked_fill(ignored, 0.0)  # (…): w of the true class
    return total / counted.sum()
