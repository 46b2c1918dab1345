import torch
import torch.nn.functional as F


def answer_log_probs(logits, labels):
    logits, labels = logits[..., :-1, :], labels[..., 1:].clone()
    mask = labels != -100
    labels[~mask] = 0
    picked = torch.gather(F.log_softmax(logits, dim=-1), -1, labels[..., None])[..., 0]
    return (picked * mask).sum(dim=-1)


def dpo_loss(chosen, rejected, ref_chosen, ref_rejected, beta=0.1, label_smoothing=0.0):
    pi_logratios = chosen - rejected
    with torch.no_grad():
        ref_logratios = ref_chosen - ref_rejected
        rewards = beta * (chosen - ref_chosen), beta * (rejected - ref_rejected)
    x = beta * (pi_logratios - ref_logratios)
    loss = (1 - label_smoothing) * F.softplus(-x) + label_smoothing * F.softplus(x)
    return loss.mean(), *rewards
