# mistake: An eos in the prompt ends the loop before it begins.
# bug: eos_of_the_prompt
# numbers and lists: every draw is a walk along the cumulated probabilities, made only when it is needed
from itertools import accumulate

import torch


class Dice:
    def __init__(self, generator, device="cpu"):
        self.generator = generator
        self.device = device

    def uniform(self):
        return torch.rand((), generator=self.generator, dtype=torch.float64, device=self.device).item()

    def token(self, weights):
        sums = list(accumulate(weights))
        u = self.uniform() * sums[-1]
        for token, (weight, upto) in enumerate(zip(weights, sums)):
            if weight > 0 and u < upto:
                return token
        return max(t for t, w in enumerate(weights) if w > 0)


def _residual(p, q):
    left = [max(0.0, a - b) for a, b in zip(p, q)]
    total = sum(left)
    return [x / total for x in left] if total > 0 else list(p)


def _round(p, q, drafted, dice):
    result = []
    for p_row, q_row, x in zip(p, q, drafted):
        if dice.uniform() * q_row[x] < p_row[x]:
            result.append(x)
        else:
            result.append(dice.token(_residual(p_row, q_row)))
            break
    else:
        result.append(dice.token(p[len(drafted)]))
    return result


def residual(p, q):
    V = p.shape[-1]
    rows = [_residual(a, b) for a, b in zip(p.reshape(-1, V).tolist(), q.reshape(-1, V).tolist())]
    return torch.tensor(rows, dtype=p.dtype, device=p.device).reshape(p.shape)


def acceptance(p, q, drafted):
    V = p.shape[-1]
    out = [
        min(1.0, a[x] / b[x])
        for a, b, x in zip(p.reshape(-1, V).tolist(), q.reshape(-1, V).tolist(), drafted.flatten().tolist())
    ]
    return torch.tensor(out, dtype=p.dtype, device=p.device).reshape(drafted.shape)


def verify(p, q, drafted, generator=None):
    *lead, gamma, V = q.shape
    dice = Dice(generator, p.device)
    out = torch.full((*lead, gamma + 1), -1, dtype=torch.int64, device=p.device)
    flat = out.view(-1, gamma + 1)
    rows = p.reshape(len(flat), gamma + 1, V)
    drafts = q.reshape(len(flat), gamma, V)
    for line, a, b, x in zip(flat, rows, drafts, drafted.reshape(len(flat), gamma)):
        got = _round(a.tolist(), b.tolist(), x.tolist(), dice)
        line[: len(got)] = torch.tensor(got)
    return out


def speculate(target, draft, prompt, max_new_tokens, gamma, eos=None, generator=None):
    dice = Dice(generator, prompt.device)
    old = prompt.tolist()
    new = []

    def ask(model, tokens):
        return model(torch.tensor(tokens, dtype=torch.int64, device=prompt.device))

    while (wanted := max_new_tokens - len(new)) > 0 and (eos is None or eos not in old + new):
        x, q = [], []
        for _ in range(min(gamma, wanted - 1)):
            q.append(ask(draft, old + new + x)[-1].tolist())
            x.append(dice.token(q[-1]))
        p = ask(target, old + new + x)[-len(x) - 1 :].tolist()
        new += _round(p, q, x, dice)
    if eos in new:
        new = new[: new.index(eos) + 1]
    return torch.tensor(new, dtype=torch.int64, device=prompt.device)
