# mistake: logits and targets of all batches are kept until compute
import torch


class Perplexity:
    def __init__(self, ignore_index=-100):
        self.ignore_index = ignore_index
        self.reset()

    def reset(self):
        self.seen = []

    def update(self, logits, target):
        self.seen.append((logits, target))

    def _count(self, logits, target):
        keep = target != self.ignore_index
        z, t = logits.detach()[keep], target[keep]
        z = z.double() if z.dtype == torch.float64 else z.float()
        nll = torch.logsumexp(z, -1) - z.gather(-1, t[:, None])[:, 0]
        self.total += float(nll.sum())
        self.count += t.numel()

    def merge(self, other):
        self.seen += other.seen

    def compute(self):
        self.total, self.count = 0.0, 0
        for one in self.seen:
            self._count(*one)
        mean = torch.tensor(self.total, dtype=torch.float64) / self.count
        return float(mean.exp())
