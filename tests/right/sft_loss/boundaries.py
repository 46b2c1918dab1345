"""A generator of rows; a mask from where documents begin; the gradient of the loss by hand."""

import torch


def pack(examples, length, pad=0):
    def rows():
        row = []
        for prompt, answer in examples:
            pairs = [(x, -100) for x in prompt] + [(x, x) for x in answer]
            (first, _), *rest = pairs[:length]
            example = [(first, -100), *rest]
            if row and len(row) + len(example) > length:
                yield row
                row = []
            document = row[-1][3] + 1 if row else 0
            row = row + [(x, y, i, document) for i, (x, y) in enumerate(example)]
        if row:
            yield row

    blank = (pad, -100, 0, -1)
    table = [row + [blank] * (length - len(row)) for row in rows()]
    return torch.tensor(table, dtype=torch.int64).reshape(-1, length, 4).unbind(-1)


def packing_mask(documents):
    # The distance to the start of the own example says how far back a token sees.
    T = documents.shape[-1]
    index = torch.arange(T, device=documents.device)
    before = torch.cat([documents[..., :1] - 1, documents[..., :-1]], -1)
    new = (documents != before) | (documents < 0)
    start = torch.where(new, index, 0).cummax(-1).values
    return (index >= start[..., None]) & (index <= index[:, None])


class MaskedLoss(torch.autograd.Function):
    @staticmethod
    def forward(ctx, logits, labels):
        logp = logits - logits.amax(-1, keepdim=True)
        logp = logp - logp.exp().sum(-1, keepdim=True).log()
        hot = labels[..., None] == torch.arange(logits.shape[-1], device=logits.device)
        ctx.save_for_backward(logp, hot)
        return -logp[hot].sum()

    @staticmethod
    def backward(ctx, grad):
        logp, hot = ctx.saved_tensors
        counts = hot.any(-1, keepdim=True)
        return grad * (logp.exp() * counts - hot.to(logp.dtype)), None


def sft_loss(logits, labels, count=None):
    labels = labels[..., 1:]
    total = MaskedLoss.apply(logits[..., :-1, :], labels)
    n = (labels != -100).sum()
    if n == 0:
        return total
    return total / (n if count is None else count)
