# mistake: After the hiding a coin of p_random is thrown for what is left, so far too few become random.
# bug: tenth_of_the_rest
import torch
import torch.nn.functional as F


def mask_tokens(tokens, mask_id, special_ids, vocab_size, p=0.15, p_mask=0.8, p_random=0.1, generator=None):
    labels = tokens.clone()
    probabilities = torch.full(labels.shape, float(p), device=tokens.device)
    for special in special_ids:
        probabilities = probabilities.masked_fill(labels == special, 0.0)
    picked = torch.bernoulli(probabilities, generator=generator).bool()
    labels[~picked] = -100
    inputs = tokens.clone()
    hide = (
        torch.bernoulli(
            torch.full(labels.shape, float(p_mask), device=tokens.device), generator=generator
        ).bool()
        & picked
    )
    inputs[hide] = mask_id
    swap = (
        torch.bernoulli(
            torch.full(labels.shape, float(p_random), device=tokens.device), generator=generator
        ).bool()
        & picked
        & ~hide
    )
    words = torch.tensor([i for i in range(vocab_size) if i not in special_ids], device=tokens.device)
    random_words = words[torch.randint(len(words), labels.shape, generator=generator, device=tokens.device)]
    inputs[swap] = random_words[swap]
    return inputs, labels


def mlm_loss(logits, labels):
    flat = labels.reshape(-1)
    total = F.cross_entropy(logits.reshape(-1, logits.shape[-1]), flat, ignore_index=-100, reduction="sum")
    return total / (flat != -100).sum().clamp(min=1)
