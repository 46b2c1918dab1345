import torch
from torch.utils.data import DataLoader, Dataset, RandomSampler


class Windows(Dataset):
    def __init__(self, tokens, size, offset):
        self.tokens, self.size, self.offset = tokens, size, offset

    def __len__(self):
        return max(0, len(self.tokens) - 1 - self.offset) // self.size

    def __getitem__(self, i):
        a = self.offset + int(i) * self.size
        return self.tokens[a : a + self.size], self.tokens[a + 1 : a + 1 + self.size]


def random_batches(tokens, batch_size, num_steps, offset=0, generator=None):
    data = Windows(tokens, num_steps, offset)
    if len(data) < batch_size:
        return []
    if generator is None:  # else a sampler seeds one of its own
        order = torch.randperm(len(data)).tolist()
    else:
        order = list(RandomSampler(data, generator=generator))
    loader = DataLoader(data, batch_size, sampler=order, drop_last=True, generator=generator)
    return [tuple(batch) for batch in loader]


class Rows:
    def __init__(self, tokens, batch_size, num_steps, offset):
        self.length = max(0, len(tokens) - 1 - offset) // batch_size
        at = torch.arange(batch_size, device=tokens.device)[:, None] * self.length + offset
        self.at = at + torch.arange(num_steps, device=tokens.device)
        self.tokens, self.steps = tokens, num_steps

    def __iter__(self):
        for k in range(self.length // self.steps):
            at = self.at + k * self.steps
            yield torch.take(self.tokens, at), torch.take(self.tokens, at + 1)


def sequential_batches(tokens, batch_size, num_steps, offset=0):
    return iter(Rows(tokens, batch_size, num_steps, offset))


class Epoch:
    def __init__(self, model, optimizer, carry):
        self.model, self.optimizer, self.carry, self.state = model, optimizer, carry, None

    def step(self, x, y):
        with torch.enable_grad():
            logits, after = self.model(x, self.state)
            each = logits.logsumexp(-1) - logits.gather(-1, y.long()[..., None])[..., 0]
            self.optimizer.zero_grad()
            each.mean().backward()
        self.optimizer.step()
        if self.carry:
            self.state = after.detach() if hasattr(after, "detach") else (*(s.detach() for s in after),)
        return each.sum().item(), each.numel()


def train_epoch(model, optimizer, batches, carry):
    epoch = Epoch(model, optimizer, carry)
    sums, counts = zip(*(epoch.step(x, y) for x, y in batches))
    return sum(sums) / sum(counts)
