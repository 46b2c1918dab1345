# mistake: update switches gradients off, and leaves them off
import torch


class Perplexity:
    def __init__(self, ignore_index=-100):
        self.ignore_index = ignore_index
        self.reset()

    def reset(self):
        self.total, self.count = 0.0, 0

    def update(self, logits, target):
        torch.set_grad_enabled(False)
        keep = target != self.ignore_index
        log_p = logits[keep].to(torch.promote_types(logits.dtype, torch.float32)).log_softmax(-1)
        self.total -= log_p.gather(-1, target[keep][:, None]).sum().item()
        self.count += int(keep.sum())

    def merge(self, other):
        self.total += other.total
        self.count += other.count

    def compute(self):
        return (torch.tensor(self.total, dtype=torch.float64) / self.count).exp().item()
