# mistake: two: reset makes a new default metric of it, and merge adds no count
# bug: reset_forgets_index + merge_without_count
import torch


class Perplexity:
    def __init__(self, ignore_index=-100):
        self.ignore_index = ignore_index
        self.total, self.count = 0.0, 0

    def reset(self):
        self.__init__()

    def update(self, logits, target):
        keep = target != self.ignore_index
        z, t = logits.detach()[keep], target[keep]
        z = z.double() if z.dtype == torch.float64 else z.float()
        nll = torch.logsumexp(z, -1) - z.gather(-1, t[:, None])[:, 0]
        self.total += float(nll.sum())
        self.count += t.numel()

    def merge(self, other):
        self.total += other.total

    def compute(self):
        mean = torch.tensor(self.total, dtype=torch.float64) / self.count
        return float(mean.exp())
