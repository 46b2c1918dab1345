# mistake: the state is a mutable default argument, shared by all metrics that pass none
import torch


class Perplexity:
    def __init__(self, ignore_index=-100, state={}):
        self.ignore_index = ignore_index
        self.state = state
        state.setdefault("total", 0.0)
        state.setdefault("count", 0)

    def reset(self):
        self.state.update(total=0.0, count=0)

    def update(self, logits, target):
        keep = target != self.ignore_index
        z, t = logits.detach()[keep], target[keep]
        z = z.double() if z.dtype == torch.float64 else z.float()
        nll = torch.logsumexp(z, -1) - z.gather(-1, t[:, None])[:, 0]
        self.state["total"] += float(nll.sum())
        self.state["count"] += t.numel()

    def merge(self, other):
        for key in self.state:
            self.state[key] += other.state[key]

    def compute(self):
        mean = torch.tensor(self.state["total"], dtype=torch.float64) / self.state["count"]
        return float(mean.exp())
