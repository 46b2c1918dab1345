# mistake: An entry is over as soon as it contains eos, the prompt included.
# bug: eos_in_prompt_ends
# line: 18
import heapq
import math

import torch


def beam_search(log_probs, prompt, eos, beam_width, max_new_tokens, alpha=0.75):
    given = prompt.tolist()

    def rank(entry):
        tokens, total = entry
        return total / math.pow(len(tokens), alpha)

    def over(entry):
        return eos in given or eos in entry[0]

    def successors(beam):
        yield from filter(over, beam)
        growing = [entry for entry in beam if not over(entry)]
        rows = log_probs(torch.tensor([given + list(tokens) for tokens, _ in growing], device=prompt.device))
        for (tokens, total), row in zip(growing, rows):
            for i, p in enumerate(row.double().tolist()):
                if p != -math.inf:
                    yield (*tokens, i), total + p

    beam, step = [((), 0.0)], 0
    while step < max_new_tokens and not all(map(over, beam)):
        beam = heapq.nlargest(beam_width, successors(beam), key=rank)
        step += 1
    return [(list(entry[0]), rank(entry)) for entry in beam]
