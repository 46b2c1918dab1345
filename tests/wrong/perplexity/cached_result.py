# mistake: compute keeps its result, and only update clears it
# bug: result_remembered
import torch


class Perplexity:
    def __init__(self, ignore_index=-100):
        self.ignore_index = ignore_index
        self.reset()

    def reset(self):
        self.total, self.count, self.kept = 0.0, 0, None

    def update(self, logits, target):
        self.kept = None
        keep = target != self.ignore_index
        z, t = logits.detach()[keep], target[keep]
        z = z.double() if z.dtype == torch.float64 else z.float()
        nll = torch.logsumexp(z, -1) - z.gather(-1, t[:, None])[:, 0]
        self.total += float(nll.sum())
        self.count += t.numel()

    def merge(self, other):
        self.total += other.total
        self.count += other.count

    def compute(self):
        if self.kept is not None:
            return self.kept
        mean = torch.tensor(self.total, dtype=torch.float64) / self.count
        self.kept = float(mean.exp())
        return self.kept
