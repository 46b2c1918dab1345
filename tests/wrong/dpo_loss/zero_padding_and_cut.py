# mistake: two: token 0 counts as padding, and the gradient of the rejected answer is cut
# bug: zero_as_padding + rejected_detached
import torch
import torch.nn.functional as F


def answer_log_probs(logits, labels):
    z, y = logits[..., :-1, :], labels[..., 1:].clamp(min=0)
    picked = torch.take_along_dim(z.log_softmax(-1), y[..., None], -1)[..., 0]
    return (picked * (y != 0)).sum(-1)


def dpo_loss(chosen, rejected, ref_chosen, ref_rejected, beta=0.1, label_smoothing=0.0):
    good, bad = beta * (chosen - ref_chosen.detach()), beta * (rejected - ref_rejected).detach()
    m = good - bad
    loss = -(1 - label_smoothing) * F.logsigmoid(m) - label_smoothing * F.logsigmoid(-m)
    return loss.mean(), good.detach(), bad
