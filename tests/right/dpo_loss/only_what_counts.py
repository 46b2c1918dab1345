"""Looks up only the tokens that count, and adds them to their answers."""

import torch
from torch.nn.functional import binary_cross_entropy_with_logits


def answer_log_probs(logits, labels):
    shape, (steps, words) = labels.shape[:-1], logits.shape[-2:]
    flat = labels.reshape(-1, steps)
    row, t = (flat[:, 1:] != -100).nonzero(as_tuple=True)
    z = logits.reshape(-1, steps, words)[row, t]
    picked = z.gather(1, flat[row, t + 1].unsqueeze(1)).squeeze(1) - z.logsumexp(1)
    return picked.new_zeros(flat.shape[0]).index_add(0, row, picked).view(shape)


def dpo_loss(chosen, rejected, ref_chosen, ref_rejected, beta=0.1, label_smoothing=0.0):
    with torch.no_grad():
        r_w, r_l = (chosen - ref_chosen).mul_(beta), (rejected - ref_rejected).mul_(beta)
        target = torch.full_like(r_w, 1.0 - label_smoothing)
    logits = (chosen - rejected - (ref_chosen - ref_rejected).detach()) * beta
    return binary_cross_entropy_with_logits(logits, target), r_w, r_l
