# mistake: the reference of the first call is kept by its shape
import torch
import torch.nn.functional as F


def answer_log_probs(logits, labels):
    z, y = logits[..., :-1, :], labels[..., 1:]
    keep = y != -100
    y = torch.where(keep, y, 0)
    return (z.log_softmax(-1).gather(-1, y[..., None])[..., 0] * keep).sum(-1)


kept = {}


def dpo_loss(chosen, rejected, ref_chosen, ref_rejected, beta=0.1, label_smoothing=0.0):
    ref = kept.setdefault((ref_chosen.shape, ref_chosen.dtype), (ref_chosen.detach(), ref_rejected.detach()))
    good, bad = beta * (chosen - ref[0]), beta * (rejected - ref[1])
    m = good - bad
    loss = -(1 - label_smoothing) * F.logsigmoid(m) - label_smoothing * F.logsigmoid(-m)
    return loss.mean(), good.detach(), bad.detach()
