import math

import torch


class Perplexity:
    def __init__(self, ignore_index=-100):
        self.pad = ignore_index
        self.nll_sum = 0.0
        self.n_tokens = 0

    @torch.no_grad()
    def update(self, logits, target):
        vocabulary = logits.size(-1)
        flat, labels = logits.reshape(-1, vocabulary), target.reshape(-1)
        flat, labels = flat[labels != self.pad], labels[labels != self.pad]
        if labels.numel() == 0:
            return
        if flat.dtype in (torch.float16, torch.bfloat16):
            flat = flat.float()
        nll = torch.logsumexp(flat, dim=-1) - flat[torch.arange(labels.numel(), device=labels.device), labels]
        self.nll_sum += float(nll.sum())
        self.n_tokens += labels.numel()

    def compute(self):
        if self.n_tokens == 0:
            return float("nan")
        try:
            return math.exp(self.nll_sum / self.n_tokens)
        except OverflowError:
            return float("inf")

    def merge(self, other):
        self.nll_sum += other.nll_sum
        self.n_tokens += other.n_tokens

    def reset(self):
        self.nll_sum = 0.0
        self.n_tokens = 0
