"""One weight for each token carries the average; only tokens that count are ever touched."""

import torch


def completion_mask(tokens, end):
    hit = tokens.eq(end)
    cut = hit.any(1)
    first = torch.where(cut, hit.to(torch.uint8).argmax(1), tokens.shape[1])
    return torch.arange(tokens.shape[1], device=tokens.device) <= first.unsqueeze(1)


@torch.no_grad()
def group_advantages(rewards, normalise=True):
    shifted = rewards - rewards[:, :1]  # exactly 0 in a group that agrees
    shifted = shifted - shifted.mean(1, keepdim=True)
    if not normalise:
        return shifted
    length = torch.linalg.vector_norm(shifted, dim=1, keepdim=True)
    return torch.where(length == 0, torch.zeros_like(shifted), shifted / length * rewards.shape[1] ** 0.5)


def grpo_loss(
    log_probs,
    old_log_probs,
    ref_log_probs,
    advantages,
    mask,
    clip_low=0.2,
    clip_high=0.2,
    beta=0.04,
    average="answer",
):
    rows, columns = mask.nonzero(as_tuple=True)
    if average == "answer":
        sizes = torch.bincount(rows, minlength=len(mask))
        weights = 1 / sizes[rows].to(log_probs.dtype) / sizes.count_nonzero()
    else:
        weights = torch.full_like(rows, 1, dtype=log_probs.dtype) / len(rows)
    new = log_probs[rows, columns]
    old, ref = (x.detach()[rows, columns] for x in (old_log_probs, ref_log_probs))
    a = advantages.detach()[rows]
    rho = (new - old).exp()
    bound = torch.where(a > 0, torch.full_like(a, 1 + clip_high), torch.full_like(a, 1 - clip_low))
    over = torch.where(a > 0, rho > bound, rho < bound)
    gain = torch.where(over, bound, rho) * a
    d = ref - new
    return weights @ (beta * (d.expm1() - d) - gain)
