import torch
import torch.nn.functional as F


def pairs(tokens, offset, step):
    """(windows, step + 1) of the text, each of which begins where the last token of the one before stands."""
    text = tokens[offset:]
    if len(text) <= step:
        return text.new_empty(0, step + 1)
    return text.unfold(0, step + 1, step)


def random_batches(tokens, batch_size, num_steps, offset=0, generator=None):
    both = pairs(tokens, offset, num_steps)
    both = both[torch.randperm(both.shape[0], generator=generator).to(both.device)]
    full = both.shape[0] // batch_size * batch_size
    for group in both[:full].split(batch_size) if full else ():
        yield group[:, :-1].clone(), group[:, 1:].clone()


def sequential_batches(tokens, batch_size, num_steps, offset=0):
    available = len(tokens) - 1 - offset
    if available < batch_size:
        return
    length = available // batch_size
    rows = pairs(tokens, offset, length)[:batch_size]  # (B, L + 1)
    for k in range(length // num_steps):
        piece = rows[:, k * num_steps : (k + 1) * num_steps + 1]
        yield piece[:, :-1].clone(), piece[:, 1:].clone()


def cut(state):
    return type(state)(map(cut, state)) if isinstance(state, tuple) else state.clone().detach()


def train_epoch(model, optimizer, batches, carry):
    total = labels = 0
    state = None
    for x, y in batches:
        logits, state = model(x, state)
        state = cut(state) if carry else None
        loss = F.nll_loss(
            F.log_softmax(logits.reshape(-1, logits.shape[-1]), 1), y.reshape(-1), reduction="sum"
        )
        optimizer.zero_grad()
        (loss / y.numel()).backward()
        optimizer.step()
        total, labels = total + loss.item(), labels + y.numel()
    return total / labels
