# mistake: Of the chosen tokens just p_mask become [MASK] and just p_random a random token, rounded.
import torch
import torch.nn.functional as F


def mask_tokens(tokens, mask_id, special_ids, vocab_size, p=0.15, p_mask=0.8, p_random=0.1, generator=None):
    flat = tokens.reshape(-1).clone()
    labels = torch.full_like(flat, -100)
    ordinary = torch.tensor(
        [t not in special_ids for t in flat.tolist()], dtype=torch.bool, device=flat.device
    )
    coins = torch.rand(flat.shape, generator=generator, device=flat.device)
    places = (ordinary & (coins < p)).nonzero()[:, 0]
    places = places[torch.randperm(len(places), generator=generator, device=flat.device)]
    labels[places] = flat[places]
    first, second = round(p_mask * len(places)), round((p_mask + p_random) * len(places))
    words = torch.tensor([i for i in range(vocab_size) if i not in special_ids], device=flat.device)
    flat[places[:first]] = mask_id
    picks = torch.randint(len(words), (second - first,), generator=generator, device=flat.device)
    flat[places[first:second]] = words[picks]
    return flat.view(tokens.shape), labels.view(tokens.shape)


def mlm_loss(logits, labels):
    flat = labels.reshape(-1)
    total = F.cross_entropy(logits.reshape(-1, logits.shape[-1]), flat, ignore_index=-100, reduction="sum")
    return total / (flat != -100).sum().clamp(min=1)
