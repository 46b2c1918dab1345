# mistake: two: the means of the batches are averaged, and reset keeps the sum
# bug: mean_of_batch_means + reset_keeps_sum
import torch


class Perplexity:
    def __init__(self, ignore_index=-100):
        self.ignore_index = ignore_index
        self.total, self.count = 0.0, 0

    def reset(self):
        self.count = 0

    def update(self, logits, target):
        keep = target != self.ignore_index
        z, t = logits.detach()[keep], target[keep]
        z = z.double() if z.dtype == torch.float64 else z.float()
        nll = torch.logsumexp(z, -1) - z.gather(-1, t[:, None])[:, 0]
        if t.numel() == 0:
            return
        self.total += nll.mean().item()
        self.count += 1

    def merge(self, other):
        self.total += other.total
        self.count += other.count

    def compute(self):
        mean = torch.tensor(self.total, dtype=torch.float64) / self.count
        return float(mean.exp())
