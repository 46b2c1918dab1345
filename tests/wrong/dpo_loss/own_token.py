# mistake: each position is asked for its own token
# bug: no_shift
import torch
import torch.nn.functional as F


def answer_log_probs(logits, labels):
    total = []
    for row, marks in zip(
        logits.flatten(0, -3) if logits.dim() > 2 else logits[None], labels.reshape(-1, labels.shape[-1])
    ):
        keep = marks != -100
        index = torch.arange(len(marks), device=marks.device)[keep]
        total.append(torch.log_softmax(row, -1)[index, marks[keep]].sum())
    return torch.stack(total).reshape(labels.shape[:-1])


def dpo_loss(chosen, rejected, ref_chosen, ref_rejected, beta=0.1, label_smoothing=0.0):
    good, bad = beta * (chosen - ref_chosen.detach()), beta * (rejected - ref_rejected.detach())
    m = good - bad
    loss = -(1 - label_smoothing) * F.logsigmoid(m) - label_smoothing * F.logsigmoid(-m)
    return loss.mean(), good.detach(), bad.detach()
