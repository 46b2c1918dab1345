# mistake: The flat index is taken modulo the number of rows for the parent, so tokens join another history.
# line: 24
# bug: wrong_parent
import torch


def beam_search(log_probs, prompt, eos, beam_width, max_new_tokens, alpha=0.75):
    live, ended = [([], 0.0)], []
    for _ in range(max_new_tokens):
        if not live:
            break
        prefixes = torch.stack(
            [torch.cat([prompt, torch.tensor(y, dtype=prompt.dtype, device=prompt.device)]) for y, _ in live]
        )
        table = log_probs(prefixes).detach().double().cpu()
        size = table.shape[1]
        sums = (table + torch.tensor([total for _, total in live], dtype=torch.float64)[:, None]).flatten()
        pool = [(total / len(y) ** alpha, y, total, True) for y, total in ended]
        length = len(live[0][0]) + 1
        for i, total in enumerate(sums.tolist()):
            if total == -torch.inf:
                continue
            token = i % size
            history = live[token % len(live)][0]
            pool.append((total / length**alpha, [*history, token], total, token == eos))
        pool.sort(key=lambda entry: -entry[0])
        pool = pool[:beam_width]
        ended = [(y, total) for _, y, total, done in pool if done]
        live = [(y, total) for _, y, total, done in pool if not done]
    return [(y, score) for score, y, _, _ in pool] if max_new_tokens else []
