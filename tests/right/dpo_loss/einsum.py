"""One-hot rows pick the log-probabilities; −100 is no row, so it picks nothing."""

import torch
from torch import einsum, nn


def answer_log_probs(logits, labels):
    words = torch.arange(logits.shape[-1], device=labels.device)
    hot = (labels[..., 1:, None] == words).to(logits.dtype)
    return einsum("...tv,...tv->...", logits[..., :-1, :].log_softmax(-1), hot)


class DPO(nn.Module):
    def __init__(self, beta, epsilon):
        super().__init__()
        self.beta, self.epsilon = beta, epsilon
        self.log_sigmoid = nn.LogSigmoid()

    def forward(self, policy, reference):
        rewards = self.beta * (policy - reference)
        m = rewards[0] - rewards[1]
        losses = torch.lerp(self.log_sigmoid(m), self.log_sigmoid(-m), self.epsilon)
        return -losses.mean(), rewards.detach()


def dpo_loss(chosen, rejected, ref_chosen, ref_rejected, beta=0.1, label_smoothing=0.0):
    loss, rewards = DPO(beta, label_smoothing)(
        torch.stack([chosen, rejected]), torch.stack([ref_chosen, ref_rejected]).detach()
    )
    return loss, rewards[0], rewards[1]
