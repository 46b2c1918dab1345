# mistake: Ended hypotheses leave the contest and are ranked again only in the end.
# bug: ended_set_aside
# line: 23, 24, 25
import torch


def grow(log_probs, prompt, eos, width, left, alpha, live, ended):
    if left == 0 or not live:
        return live + ended
    prefixes = torch.stack([torch.cat((prompt, prompt.new_tensor(tokens))) for tokens, _ in live])
    table = log_probs(prefixes)
    values, indices = table.sort(dim=-1, descending=True)
    pool = []
    for i, (tokens, total) in enumerate(live):
        for j in range(min(width, table.shape[1])):
            p = values[i, j].item()
            if p == float("-inf"):
                break
            token = int(indices[i, j])
            pool.append((tokens + [token], total + p, token == eos))
    pool.sort(key=lambda c: -c[1] * len(c[0]) ** -alpha)
    pool = pool[:width]
    live = [(y, s) for y, s, over in pool if not over]
    ended = ended + [(y, s) for y, s, over in pool if over]
    return grow(log_probs, prompt, eos, width, left - 1, alpha, live, ended)


def beam_search(log_probs, prompt, eos, beam_width, max_new_tokens, alpha=0.75):
    found = grow(log_probs, prompt, eos, beam_width, max_new_tokens, alpha, [([], 0.0)], [])
    scored = [(y, s / len(y) ** alpha) for y, s in found]
    return sorted(scored, key=lambda pair: pair[1], reverse=True)
