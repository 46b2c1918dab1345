from contextlib import contextmanager

import torch


class Row:
    """A text that is read and written at its own pace."""

    def __init__(self, prefix, limit, eos):
        self.queue = [int(t) for t in prefix]
        self.left, self.eos, self.new = limit, eos, []
        self.current = self.queue.pop(0)

    @property
    def done(self):
        return self.left == 0

    def take(self, token):
        if self.queue:
            self.current = self.queue.pop(0)
        elif not self.done:
            self.new.append(token)
            self.current = token
            self.left = 0 if self.eos is not None and token == self.eos else self.left - 1


@contextmanager
def quiet(model):
    before = [(m, m.training) for m in model.modules()]
    model.train(False)
    with torch.inference_mode():
        yield
    for m, mode in before:
        m.training = mode


class Chooser:
    def __init__(self, temperature, generator):
        self.temperature, self.generator = temperature, generator

    def __call__(self, logits):
        if not self.temperature:
            return torch.topk(logits, 1).indices.flatten()
        p = torch.softmax(logits.cpu() / self.temperature, -1)
        race = torch.empty_like(p).exponential_(generator=self.generator)  # the first to arrive wins
        return (p / race).argmax(-1)


def generate(model, prefixes, max_new_tokens, eos=None, temperature=0.0, generator=None):
    rows = [Row(p, max_new_tokens, eos) for p in prefixes]
    chooser, state = Chooser(temperature, generator), None
    with quiet(model):
        while any(not row.done for row in rows):
            tokens = prefixes[0].new_tensor([row.current for row in rows])
            logits, state = model(tokens, state)
            for row, token in zip(rows, chooser(logits).tolist()):
                row.take(token)
    return [row.new for row in rows]
