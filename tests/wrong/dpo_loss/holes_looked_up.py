# mistake: the answer is taken for one stretch: holes of -100 inside it count as token 0
# bug: stops_at_mask
import torch
import torch.nn.functional as F


def answer_log_probs(logits, labels):
    logp = logits.log_softmax(-1)
    shape = labels.shape[:-1]
    logp = logp.reshape(-1, logits.shape[-2], logits.shape[-1])
    out = []
    for row, label in zip(logp, labels.reshape(-1, labels.shape[-1])):
        spots = (label != -100).nonzero().flatten()
        if len(spots) == 0:
            out.append(row.sum() * 0)
            continue
        start = max(int(spots[0]), 1)
        stop = int(spots[-1]) + 1
        answer = label[start:stop].clamp(min=0)
        out.append(row[torch.arange(start - 1, stop - 1), answer].sum())
    return torch.stack(out).reshape(shape)


def dpo_loss(chosen, rejected, ref_chosen, ref_rejected, beta=0.1, label_smoothing=0.0):
    win = beta * (chosen - ref_chosen.detach())
    lose = beta * (rejected - ref_rejected.detach())
    m = win - lose
    loss = -(1 - label_smoothing) * F.logsigmoid(m) - label_smoothing * F.logsigmoid(-m)
    return loss.mean(), win.detach(), lose.detach()
