# mistake: relu and |m| leave no gradient at m = 0
# bug: flat_at_zero
import torch
import torch.nn.functional as F


def answer_log_probs(logits, labels):
    z, y = logits[..., :-1, :], labels[..., 1:]
    keep = y != -100
    y = torch.where(keep, y, 0)
    return (z.log_softmax(-1).gather(-1, y[..., None])[..., 0] * keep).sum(-1)


def softplus(x):
    return F.relu(x) + torch.log1p(torch.exp(-torch.abs(x)))


def dpo_loss(chosen, rejected, ref_chosen, ref_rejected, beta=0.1, label_smoothing=0.0):
    good, bad = beta * (chosen - ref_chosen.detach()), beta * (rejected - ref_rejected.detach())
    m = good - bad
    loss = (1 - label_smoothing) * softplus(-m) + label_smoothing * softplus(m)
    return loss.mean(), good.detach(), bad.detach()
