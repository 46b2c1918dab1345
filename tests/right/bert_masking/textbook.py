import torch
import torch.nn.functional as F


def mask_tokens(tokens, mask_id, special_ids, vocab_size, p=0.15, p_mask=0.8, p_random=0.1, generator=None):
    """In the order of the recipe, each step with coins of its own."""

    def flip(probability):
        return torch.rand(tokens.shape, generator=generator, device=tokens.device) < probability

    special = torch.isin(tokens, torch.tensor(special_ids, device=tokens.device))
    selected = flip(p) & ~special
    labels = torch.where(selected, tokens, -100)

    inputs = tokens.clone()
    masked = flip(p_mask) & selected
    inputs[masked] = mask_id

    rest = 1 - p_mask
    swapped = flip(p_random / rest if rest > 0 else 0) & selected & ~masked
    words = torch.tensor([i for i in range(vocab_size) if i not in special_ids], device=tokens.device)
    inputs[swapped] = words[
        torch.randint(0, len(words), (int(swapped.sum()),), generator=generator, device=tokens.device)
    ]
    return inputs, labels


def mlm_loss(logits, labels):
    flat = labels.reshape(-1)
    total = F.cross_entropy(logits.reshape(-1, logits.shape[-1]), flat, ignore_index=-100, reduction="sum")
    return total / (flat != -100).sum().clamp(min=1)
