# mistake: The length handed to the penalty is that of the row, prompt included.
# bug: length_counts_prompt
# line: 24
import torch


def beam_search(log_probs, prompt, eos, beam_width, max_new_tokens, alpha=0.75):
    start = len(prompt)
    tokens = prompt[None].clone()  # (b, T + t)
    sums = None
    ended = torch.zeros(1, dtype=torch.bool, device=prompt.device)
    lengths = torch.zeros(1, dtype=torch.int64, device=prompt.device)
    for step in range(1, max_new_tokens + 1):
        if ended.all():
            break
        live = torch.nonzero(~ended)[:, 0]
        table = log_probs(tokens[live]).detach()
        if sums is None:
            sums = table.new_zeros(1, dtype=torch.float64)
        n, size = table.shape
        grown = (sums[live, None] + table).reshape(-1)
        kept = torch.nonzero(ended)[:, 0]
        every_sum = torch.cat([grown, sums[kept]])
        every_length = torch.cat([torch.full_like(grown, start + step), lengths[kept].to(grown.dtype)])
        scores = every_sum / every_length**alpha
        best = scores.topk(min(beam_width, len(scores))).indices
        best = best[torch.isfinite(scores[best])]
        is_new = best < n * size
        row = torch.where(is_new, live[(best // size).clamp(max=n - 1)], 0)
        if len(kept):
            row = torch.where(is_new, row, kept[(best - n * size).clamp(min=0)])
        token = torch.where(is_new, best % size, eos)
        tokens = torch.cat([tokens[row], token[:, None]], 1)
        sums, lengths = every_sum[best], every_length[best].long()
        ended = ~is_new | (token == eos)
    result = []
    for row, total, length in zip(tokens.tolist(), sums.tolist(), lengths.tolist()):
        result.append((row[start:length], total / length**alpha))
    return result
