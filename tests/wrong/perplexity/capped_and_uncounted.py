# mistake: two: losses are cut off at 100, and padding counts in the divisor
# bug: padding_in_the_count + losses_cut_off
import torch


class Perplexity:
    def __init__(self, ignore_index=-100):
        self.ignore_index = ignore_index
        self.reset()

    def reset(self):
        self.total, self.count = 0.0, 0

    def update(self, logits, target):
        keep = target != self.ignore_index
        z, t = logits.detach()[keep], target[keep]
        z = z.double() if z.dtype == torch.float64 else z.float()
        nll = torch.logsumexp(z, -1) - z.gather(-1, t[:, None])[:, 0]
        self.total += float(nll.clamp(max=100).sum())
        self.count += target.numel()

    def merge(self, other):
        self.total += other.total
        self.count += other.count

    def compute(self):
        mean = torch.tensor(self.total, dtype=torch.float64) / self.count
        return float(mean.exp())
