from functools import partial

import torch


def noisy(logits, temperature, generator):
    """argmax of logits / τ + Gumbel noise is a draw from softmax(logits / τ)."""
    u = torch.rand(logits.shape, generator=generator, dtype=torch.float64).clamp(min=1e-300).to(logits.device)
    return (logits.double() / temperature - (-u.log()).log()).argmax(-1)


def steps(model, prefixes, choose):
    """What the model proposes after each token; `send` decides what each row reads next."""
    tokens, state = torch.stack([p[0] for p in prefixes]), None
    while True:
        with torch.no_grad():
            logits, state = model(tokens, state)
        tokens = yield choose(logits)


def generate(model, prefixes, max_new_tokens, eos=None, temperature=0.0, generator=None):
    modes = {name: module.training for name, module in model.named_modules()}
    model.eval()
    choose = (
        partial(noisy, temperature=temperature, generator=generator)
        if temperature
        else partial(torch.argmax, dim=-1)
    )
    walk = steps(model, prefixes, choose)
    proposal, written, active, read = next(walk), [[] for _ in prefixes], [True] * len(prefixes), 1
    while True:
        for i, p in enumerate(prefixes):
            if read < len(p):
                proposal[i] = p[read]
            elif active[i]:
                written[i].append(proposal[i].item())
                active[i] = written[i][-1] != eos and len(written[i]) < max_new_tokens
        if not any(active):
            break
        read += 1
        proposal = walk.send(proposal.clone())
    for name, module in model.named_modules():
        module.training = modes[name]
    return written
