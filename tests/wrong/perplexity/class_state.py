# mistake: the sums are attributes of the class
# bug: shared_between_metrics
import torch


class Perplexity:
    def __init__(self, ignore_index=-100):
        self.ignore_index = ignore_index
        self.reset()

    def reset(self):
        Perplexity.total, Perplexity.count = 0.0, 0

    def update(self, logits, target):
        keep = target != self.ignore_index
        z, t = logits.detach()[keep], target[keep]
        z = z.double() if z.dtype == torch.float64 else z.float()
        nll = torch.logsumexp(z, -1) - z.gather(-1, t[:, None])[:, 0]
        Perplexity.total += float(nll.sum())
        Perplexity.count += t.numel()

    def merge(self, other):
        Perplexity.total += other.total
        Perplexity.count += other.count

    def compute(self):
        mean = torch.tensor(self.total, dtype=torch.float64) / self.count
        return float(mean.exp())
