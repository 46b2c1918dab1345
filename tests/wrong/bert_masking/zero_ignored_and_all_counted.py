# mistake: The id 0 has no loss, and the sum is divided by the number of all positions: two mistakes.
# bug: loss_over_all_positions + id_zero_without_loss
import torch


def mask_tokens(tokens, mask_id, special_ids, vocab_size, p=0.15, p_mask=0.8, p_random=0.1, generator=None):
    rand = lambda: torch.rand(tokens.shape, generator=generator, device=tokens.device)  # noqa: E731
    special = torch.isin(tokens, torch.tensor(special_ids, device=tokens.device))
    words = torch.tensor(sorted(set(range(vocab_size)) - set(special_ids)), device=tokens.device)
    chosen, fate = (rand() < p) & ~special, rand()
    new = words[(torch.rand(tokens.shape, generator=generator, device=tokens.device) * len(words)).long()]
    out = torch.where(fate < p_mask, mask_id, torch.where(fate < p_mask + p_random, new, tokens))
    return torch.where(chosen, out, tokens), torch.where(chosen, tokens, -100)


def mlm_loss(logits, labels):
    log_p = logits.log_softmax(-1)
    answers = labels.clamp(min=0).unsqueeze(-1)
    return -(log_p.gather(-1, answers).squeeze(-1) * (labels > 0)).sum() / max(labels.numel(), 1)
