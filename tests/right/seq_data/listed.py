import torch
from torch import nn


def windows(tokens, starts, num_steps):
    return [tokens[s : s + num_steps] for s in starts], [tokens[s + 1 : s + num_steps + 1] for s in starts]


def random_batches(tokens, batch_size, num_steps, offset=0, generator=None):
    """Slices of the text, stacked; everything is ready before the first batch is asked for."""
    starts = list(range(offset, len(tokens) - num_steps, num_steps))
    starts = [starts[i] for i in torch.randperm(len(starts), generator=generator).tolist()]
    batches = []
    while len(starts) >= batch_size:
        chosen, starts = starts[:batch_size], starts[batch_size:]
        xs, ys = windows(tokens, chosen, num_steps)
        batches.append((torch.stack(xs), torch.stack(ys)))
    return batches


def sequential_batches(tokens, batch_size, num_steps, offset=0):
    length = (len(tokens) - offset - 1) // batch_size
    batches = []
    for k in range(length // num_steps):
        xs, ys = windows(tokens, [offset + j * length + k * num_steps for j in range(batch_size)], num_steps)
        batches.append((torch.stack(xs), torch.stack(ys)))
    return batches


def train_epoch(model, optimizer, batches, carry):
    state, losses = None, []
    for x, y in batches:
        optimizer.zero_grad(set_to_none=False)
        logits, after = model(x, state)
        loss = nn.CrossEntropyLoss()(logits.transpose(1, 2), y)
        loss.backward()
        optimizer.step()
        if carry:
            state = after.detach() if torch.is_tensor(after) else tuple(s.detach() for s in after)
        losses += [loss.item()] * y.numel()
    return sum(losses) / len(losses)
