"""Token by token, pair by pair."""

import torch


def answer_log_probs(logits, labels):
    steps, words = logits.shape[-2:]
    rows = logits.reshape(-1, steps, words)
    marks = labels.reshape(-1, steps).tolist()
    sums = []
    for row, wanted in zip(rows, marks):
        total = row.new_zeros(())
        for t in range(1, steps):
            if wanted[t] == -100:
                continue
            z = row[t - 1]
            top = z.max().detach()
            total = total + z[wanted[t]] - top - (z - top).exp().sum().log()
        sums.append(total)
    return torch.stack(sums).reshape(labels.shape[:-1])


def dpo_loss(chosen, rejected, ref_chosen, ref_rejected, beta=0.1, label_smoothing=0.0):
    total, good, bad = 0.0, [], []
    for w, l, rw, rl in zip(chosen, rejected, ref_chosen.detach(), ref_rejected.detach()):
        m = beta * ((w - rw) - (l - rl))
        zero = torch.zeros_like(m)
        both = torch.stack([zero, m])  # -log σ(m) = logsumexp(0, m) − m
        total = total + both.logsumexp(0) - (1 - label_smoothing) * m
        good.append((beta * (w - rw)).detach())
        bad.append((beta * (l - rl)).detach())
    return total / len(good), torch.stack(good), torch.stack(bad)
