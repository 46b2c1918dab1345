# mistake: The search ends when the best entry is over.
# bug: stops_at_first_end
# line: 30
import heapq
import math

import torch


def beam_search(log_probs, prompt, eos, beam_width, max_new_tokens, alpha=0.75):
    given = prompt.tolist()

    def rank(entry):
        tokens, total = entry
        return total / math.pow(len(tokens), alpha)

    def over(entry):
        return entry[0][-1:] == (eos,)

    def successors(beam):
        yield from filter(over, beam)
        growing = [entry for entry in beam if not over(entry)]
        rows = log_probs(torch.tensor([given + list(tokens) for tokens, _ in growing], device=prompt.device))
        for (tokens, total), row in zip(growing, rows):
            for i, p in enumerate(row.double().tolist()):
                if p != -math.inf:
                    yield (*tokens, i), total + p

    beam, step = [((), 0.0)], 0
    while step < max_new_tokens and not over(beam[0]):
        beam = heapq.nlargest(beam_width, successors(beam), key=rank)
        step += 1
    return [(list(entry[0]), rank(entry)) for entry in beam]
