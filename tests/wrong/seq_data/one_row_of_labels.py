# mistake: Labels are the rolled inputs of the same row.
# bug: labels_wrap_in_rows
import torch
from torch.nn import functional as F


def random_batches(tokens, batch_size, num_steps, offset=0, generator=None):
    count = max(0, len(tokens) - 1 - offset) // num_steps
    starts = offset + num_steps * torch.randperm(count, generator=generator)
    for k in range(count // batch_size):
        at = starts[k * batch_size : (k + 1) * batch_size]
        x = torch.stack([tokens[a : a + num_steps] for a in at.tolist()])
        y = torch.stack([tokens[a + 1 : a + 1 + num_steps] for a in at.tolist()])
        yield x, y


def sequential_batches(tokens, batch_size, num_steps, offset=0):
    length = max(0, len(tokens) - 1 - offset) // batch_size
    xs = tokens[offset : offset + batch_size * length].clone().view(batch_size, length)
    ys = torch.cat([xs[:, 1:], xs[:, :1]], dim=1)
    for k in range(length // num_steps):
        cut = slice(k * num_steps, (k + 1) * num_steps)
        yield xs[:, cut], ys[:, cut]


def train_epoch(model, optimizer, batches, carry):
    state, total, count = None, 0.0, 0
    for x, y in batches:
        logits, state = model(x, state)
        if not carry:
            state = None
        elif isinstance(state, tuple):
            state = tuple(s.detach() for s in state)
        else:
            state = state.detach()
        loss = F.cross_entropy(logits.reshape(-1, logits.shape[-1]), y.reshape(-1))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        total += loss.item() * y.numel()
        count += y.numel()
    return total / count
