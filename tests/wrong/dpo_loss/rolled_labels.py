# mistake: the shift is a roll: the last logits are asked for the first label
# bug: shift_rolled
import torch
import torch.nn.functional as F


def answer_log_probs(logits, labels):
    labels = labels.roll(-1, -1)
    keep = labels != -100
    index = labels.masked_fill(~keep, 0)
    picked = logits.log_softmax(-1).gather(-1, index[..., None]).squeeze(-1)
    return (picked * keep).sum(-1)


def dpo_loss(chosen, rejected, ref_chosen, ref_rejected, beta=0.1, label_smoothing=0.0):
    win = beta * (chosen - ref_chosen.detach())
    lose = beta * (rejected - ref_rejected.detach())
    m = win - lose
    loss = -(1 - label_smoothing) * F.logsigmoid(m) - label_smoothing * F.logsigmoid(-m)
    return loss.mean(), win.detach(), lose.detach()
