"""Token by token in plain Python, with one die per token; the loss as a weighted one-hot product."""

import torch


def mask_tokens(
    tokens,
    mask_id,
    special_ids,
    vocab_size,
    p=0.15,
    p_mask=0.8,
    p_random=0.1,
    generator=None,
):
    taboo = set(special_ids)
    ordinary = sorted(set(range(vocab_size)) - taboo)
    flat = tokens.flatten().tolist()
    dice = torch.rand(len(flat), dtype=torch.float64, generator=generator, device=tokens.device).tolist()
    seen, asked = [], []
    for token, die in zip(flat, dice):
        if token in taboo or die >= p:
            seen.append(token)
            asked.append(-100)
            continue
        asked.append(token)
        die /= p  # given that it was chosen, uniform again
        if die < p_mask:
            seen.append(mask_id)
        elif die < p_mask + p_random:
            k = torch.randint(len(ordinary), (), generator=generator, device=tokens.device)
            seen.append(ordinary[int(k)])
        else:
            seen.append(token)
    return tuple(
        torch.tensor(x, dtype=torch.int64, device=tokens.device).reshape(tokens.shape) for x in (seen, asked)
    )


class _Loss(torch.autograd.Function):
    @staticmethod
    def forward(ctx, logits, labels):
        chosen = (labels != -100).unsqueeze(-1)
        n = chosen.sum().clamp(min=1)
        logp = logits.log_softmax(-1)
        hot = torch.zeros_like(logits).scatter(-1, labels.clamp(min=0).unsqueeze(-1), 1.0) * chosen
        ctx.save_for_backward(logp, hot, chosen, n)
        return -(logp * hot).sum() / n

    @staticmethod
    def backward(ctx, grad):
        logp, hot, chosen, n = ctx.saved_tensors
        return grad * (logp.exp() * chosen - hot) / n, None


def mlm_loss(logits, labels):
    return _Loss.apply(logits, labels)
