# mistake: two: the losses are added, and the rewards keep their graph
# bug: sum_of_pairs + rewards_with_gradient
import torch
import torch.nn.functional as F


def answer_log_probs(logits, labels):
    z, y = logits[..., :-1, :], labels[..., 1:]
    keep = y != -100
    y = torch.where(keep, y, 0)
    return (z.log_softmax(-1).gather(-1, y[..., None])[..., 0] * keep).sum(-1)


def dpo_loss(chosen, rejected, ref_chosen, ref_rejected, beta=0.1, label_smoothing=0.0):
    good, bad = beta * (chosen - ref_chosen.detach()), beta * (rejected - ref_rejected.detach())
    m = good - bad
    loss = -(1 - label_smoothing) * F.logsigmoid(m) - label_smoothing * F.logsigmoid(-m)
    return loss.sum(), good, bad
