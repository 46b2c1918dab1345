import torch


def one_by_one(tokens, starts, num_steps):
    """Every number by itself."""
    x = torch.zeros(len(starts), num_steps, dtype=tokens.dtype, device=tokens.device)
    y = torch.zeros_like(x)
    for i, start in enumerate(starts):
        for t in range(num_steps):
            x[i, t] = tokens[start + t]
            y[i, t] = tokens[start + t + 1]
    return x, y


def random_batches(tokens, batch_size, num_steps, offset=0, generator=None):
    left = []
    start = offset
    while start + num_steps < tokens.shape[0]:
        left.append(start)
        start += num_steps
    while len(left) >= batch_size:  # drawn one after the other, without replacement
        chosen = []
        for _ in range(batch_size):
            chosen.append(left.pop(int(torch.randint(len(left), (1,), generator=generator))))
        yield one_by_one(tokens, chosen, num_steps)


def sequential_batches(tokens, batch_size, num_steps, offset=0):
    length = max(tokens.shape[0] - 1 - offset, 0) // batch_size
    starts = [offset + j * length for j in range(batch_size)]
    done = 0
    while done + num_steps <= length:
        yield one_by_one(tokens, [start + done for start in starts], num_steps)
        done += num_steps


def train_epoch(model, optimizer, batches, carry):
    state, total, count = None, 0.0, 0
    for x, y in batches:
        for group in optimizer.param_groups:
            for p in group["params"]:
                p.grad = None
        logits, state = model(x, state)
        log_p = logits.log_softmax(-1)
        terms = [-log_p[i, t, int(y[i, t])] for i in range(y.shape[0]) for t in range(y.shape[1])]
        loss = sum(terms) / len(terms)
        loss.backward()
        optimizer.step()
        total += loss.item() * len(terms)
        count += len(terms)
        if not carry:
            state = None
        elif isinstance(state, torch.Tensor):
            state = state.data
        else:
            state = tuple(s.data for s in state)
    return total / count
