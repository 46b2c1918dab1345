# mistake: Just p of all ordinary tokens are chosen, rounded: places from a random permutation of the whole batch.
# bug: same_count_in_each_call
import torch
import torch.nn.functional as F


def mask_tokens(tokens, mask_id, special_ids, vocab_size, p=0.15, p_mask=0.8, p_random=0.1, generator=None):
    flat = tokens.reshape(-1)
    bad = torch.tensor(special_ids, device=tokens.device)
    places = (~torch.isin(flat, bad)).nonzero().squeeze(1)
    order = torch.randperm(len(places), generator=generator, device=tokens.device)
    places = places[order[: round(p * len(places))]]
    fate = torch.rand(places.shape, generator=generator, device=tokens.device)
    words = torch.tensor([i for i in range(vocab_size) if i not in special_ids], device=tokens.device)
    new = words[torch.randint(len(words), places.shape, generator=generator, device=tokens.device)]
    inputs, labels = flat.clone(), torch.full_like(flat, -100)
    labels[places] = flat[places]
    inputs[places] = torch.where(
        fate < p_mask, mask_id, torch.where(fate < p_mask + p_random, new, flat[places])
    )
    return inputs.view(tokens.shape), labels.view(tokens.shape)


def mlm_loss(logits, labels):
    flat = labels.reshape(-1)
    total = F.cross_entropy(logits.reshape(-1, logits.shape[-1]), flat, ignore_index=-100, reduction="sum")
    return total / (flat != -100).sum().clamp(min=1)
