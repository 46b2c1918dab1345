# mistake: inputs is the caller's tensor, into which [MASK] and random tokens are written.
# bug: tokens_edited
import torch
import torch.nn.functional as F


def mask_tokens(tokens, mask_id, special_ids, vocab_size, p=0.15, p_mask=0.8, p_random=0.1, generator=None):
    labels, inputs = tokens.clone(), tokens
    special = sum(tokens == s for s in special_ids).bool()
    chosen = (torch.rand(tokens.shape, generator=generator, device=tokens.device) < p) & ~special
    fate = torch.rand(tokens.shape, generator=generator, device=tokens.device)
    words = torch.tensor([i for i in range(vocab_size) if i not in special_ids], device=tokens.device)
    new = words[torch.randint(len(words), tokens.shape, generator=generator, device=tokens.device)]
    inputs.copy_(
        torch.where(
            chosen & (fate < p_mask), mask_id, torch.where(chosen & (fate < p_mask + p_random), new, inputs)
        )
    )
    return inputs, labels.masked_fill(~chosen, -100)


def mlm_loss(logits, labels):
    flat = labels.reshape(-1)
    total = F.cross_entropy(logits.reshape(-1, logits.shape[-1]), flat, ignore_index=-100, reduction="sum")
    return total / (flat != -100).sum().clamp(min=1)
