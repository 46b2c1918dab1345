# mistake: two: losses in bits with exp, and padding in the divisor
# bug: padding_in_the_count + bits_with_exp
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
        self.total += float(nll.sum()) / 0.6931471805599453
        self.count += keep.numel()

    def merge(self, other):
        self.total += other.total
        self.count += other.count

    def compute(self):
        mean = torch.tensor(self.total, dtype=torch.float64) / self.count
        return float(mean.exp())
