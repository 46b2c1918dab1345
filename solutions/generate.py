"""Text from a recurrent model, for a batch of prefixes of different lengths.

    h_t, z_t = model(x_t, h_{t−1})
    x_{t+1}  = the prefix's next token, as long as there is one: warm-up
               argmax z_t, or a draw from softmax(z_t / τ), from then on

All rows walk side by side: while one still reads its prefix, another already writes.
"""

import torch
from torch import Tensor, nn


def choose(logits: Tensor, temperature: float, generator: torch.Generator | None) -> list[int]:
    """A token for each row of logits (B, V)."""
    if temperature == 0:
        return logits.argmax(dim=-1).tolist()
    probabilities = (logits / temperature).softmax(dim=-1).cpu()
    draws = torch.multinomial(probabilities, 1, generator=generator)  # (B, 1)
    return draws[:, 0].tolist()


@torch.no_grad()
def generate(
    model: nn.Module,
    prefixes: list[Tensor],
    max_new_tokens: int,
    eos: int | None = None,
    temperature: float = 0.0,
    generator: torch.Generator | None = None,
) -> list[list[int]]:
    modes = [(module, module.training) for module in model.modules()]
    model.eval()
    written: list[list[int]] = [[] for _ in prefixes]
    ended = [False] * len(prefixes)
    tokens = torch.stack([prefix[0] for prefix in prefixes])  # (B,)
    state, step = None, 0
    while not all(ended):
        logits, state = model(tokens, state)  # (B, V)
        step += 1
        following = choose(logits, temperature, generator)
        for row, prefix in enumerate(prefixes):
            if step < len(prefix):
                following[row] = int(prefix[step])
            elif not ended[row]:
                written[row].append(following[row])
                ended[row] = following[row] == eos or len(written[row]) == max_new_tokens
        tokens = torch.tensor(following, device=tokens.device)
    for module, training in modes:
        module.training = training
    return written
