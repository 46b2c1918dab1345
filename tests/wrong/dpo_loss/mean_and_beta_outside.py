# mistake: two: the mean over the tokens, and β in front of the loss
# bug: mean_over_tokens + beta_outside
import torch
import torch.nn.functional as F


def answer_log_probs(logits, labels):
    z, y = logits[..., :-1, :], labels[..., 1:]
    keep = y != -100
    picked = z.log_softmax(-1).gather(-1, y.masked_fill(~keep, 0)[..., None])[..., 0]
    return (picked * keep).sum(-1) / keep.sum(-1).clamp(min=1)


def dpo_loss(chosen, rejected, ref_chosen, ref_rejected, beta=0.1, label_smoothing=0.0):
    good, bad = beta * (chosen - ref_chosen.detach()), beta * (rejected - ref_rejected.detach())
    m = (chosen - ref_chosen.detach()) - (rejected - ref_rejected.detach())
    loss = -(1 - label_smoothing) * F.logsigmoid(m) - label_smoothing * F.logsigmoid(-m)
    return beta * loss.mean(), good.detach(), bad.detach()
