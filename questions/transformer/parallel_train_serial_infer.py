"""Experiment, draws and evidence for parallel_train_serial_infer.md."""


def worked():
    gigabytes = 6.74 * 2
    milliseconds = gigabytes / 3350 * 1000
    prefill = 2 * 6.74e9 * 1000 / 400e12 * 1000
    return [
        f"{gigabytes:.2f} GB",
        f"{milliseconds:.2f} ms",
        f"{milliseconds * 1000 / 1000:.2f} s",
        f"{prefill:.0f} ms",
    ]


def _letters(shifted, seed, vocabulary=8, length=16, width=32, steps=200):
    """A causal model, trained on a source in which each letter has two successors. Returns its losses, the letters it
    then writes by itself, and the share of steps that the source allows."""
    import torch
    from torch import nn
    from torch.nn.functional import cross_entropy

    g = torch.Generator().manual_seed(seed)
    others = [torch.tensor([v for v in range(vocabulary) if v != u]) for u in range(vocabulary)]
    successors = torch.stack([o[torch.randperm(vocabulary - 1, generator=g)[:2]] for o in others])

    def texts(count):
        columns = [torch.randint(vocabulary, (count,), generator=g)]
        for _ in range(length):
            columns.append(successors[columns[-1], torch.randint(2, (count,), generator=g)])
        return torch.stack(columns, dim=1)

    with torch.random.fork_rng():
        torch.manual_seed(seed)
        token, place = nn.Embedding(vocabulary, width), nn.Embedding(length, width)
        block = nn.TransformerEncoderLayer(width, 2, 64, dropout=0.0, batch_first=True, norm_first=True)
        head = nn.Sequential(nn.LayerNorm(width), nn.Linear(width, vocabulary))
    weights = list(nn.ModuleList([token, place, block, head]).parameters())

    def logits(tokens):
        n = tokens.shape[1]
        mask = torch.full((n, n), float("-inf")).triu(1)
        return head(block(token(tokens) + place.weight[:n], mask))

    optimizer, losses = torch.optim.Adam(weights, 0.01), []
    for step in range(steps):
        optimizer.param_groups[0]["lr"] = 0.01 * (1 - step / steps)
        tokens = texts(32)
        targets = tokens[:, 1:] if shifted else tokens[:, :-1]
        loss = cross_entropy(logits(tokens[:, :-1]).flatten(0, 1), targets.flatten())
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    written = torch.randint(vocabulary, (1, 1), generator=g)
    with torch.no_grad():
        for _ in range(40):
            p = logits(written[:, -length:])[:, -1].softmax(-1)
            written = torch.cat([written, torch.multinomial(p, 1, generator=g)], dim=1)
    now, following = written[0, :-1], written[0, 1:]
    allowed = (successors[now] == following[:, None]).any(1).float().mean().item()
    repeated = (now == following).float().mean().item()
    return losses, "".join("abcdefgh"[v] for v in written[0].tolist()), allowed, repeated


def experiment(off=False):
    from math import log

    runs = [_letters(off, seed) for seed in range(3)]
    last = [sum(run[0][-10:]) / 10 for run in runs]
    allowed, repeated = [run[2] for run in runs], [run[3] for run in runs]
    if off:
        assert all(abs(value - log(2)) < 0.05 for value in last) and min(allowed) > 0.9
        says = (
            f"With the shift the loss stops at {min(last):.2f} to {max(last):.2f} (the source allows {log(2):.2f}), and "
            f"at least {min(allowed):.0%} of the letters it writes are allowed ones. Three seeds.",
            f"有右移时，loss 停在 {min(last):.2f} 到 {max(last):.2f}（信号源的下限是 {log(2):.2f}），写出的字母至少有 "
            f"{min(allowed):.0%} 合乎规则。三个种子。",
        )
    else:
        assert max(last) < 0.05 and max(allowed) < 0.1 and min(repeated) > 0.9
        says = (
            f"Without the shift the loss falls to {max(last):.3f} or less, far below the possible {log(2):.2f}. Of the letters it "
            f"then writes at least {min(repeated):.0%} repeat the one before, and at most {max(allowed):.0%} are allowed. Three seeds.",
            f"不右移，loss 降到 {max(last):.3f} 以下，远低于可能的下限 {log(2):.2f}。随后写出的字母至少有 {min(repeated):.0%} 重复前一个，"
            f"合乎规则的至多 {max(allowed):.0%}。三个种子。",
        )

    def every(values, size=10):
        return [sum(values[i : i + size]) / size for i in range(0, len(values), size)]

    return {
        "says": says,
        "off": ("the inputs shifted right, as they should be", "输入正确地右移一位"),
        "charts": [
            {
                "chart": "curves",
                "title": ("Training loss; the source allows 0.69", "训练 loss；信号源的下限是 0.69"),
                "x": list(range(10, 201, 10)),
                "x_label": ("step", "步"),
                "y_label": ("loss", "loss"),
                "series": [((f"seed {s}", f"种子 {s}"), every(run[0])) for s, run in enumerate(runs)],
            },
            {
                "chart": "text",
                "title": ("What each model writes", "各模型写出的字母"),
                "lines": [run[1] for run in runs],
            },
        ],
    }


def why_serial_evidence():
    import torch
    from torch import nn

    with torch.random.fork_rng():
        torch.manual_seed(0)
        token, head = nn.Embedding(6, 8), nn.Linear(8, 6)
        block = nn.TransformerEncoderLayer(8, 2, 16, dropout=0.0, batch_first=True)

    def logits(tokens):
        n = tokens.shape[1]
        return head(block(token(tokens), torch.full((n, n), float("-inf")).triu(1)))[:, -1]

    # another token drawn at one step makes another distribution at the next: it cannot be known before
    next_ones = [logits(torch.tensor([[1, 4, drawn]])) for drawn in range(6)]
    depends = all(not torch.allclose(a, next_ones[0], atol=1e-4) for a in next_ones[1:])
    # the masked model does compute all positions of a given text in one pass
    x = torch.randint(6, (1, 5), generator=torch.Generator().manual_seed(0))
    whole = head(block(token(x), torch.full((5, 5), float("-inf")).triu(1)))[0]
    together = torch.allclose(whole, torch.cat([logits(x[:, : t + 1]) for t in range(5)]), atol=1e-5)
    mask_forces_waiting, length_forces_passes = not together, not together
    return [mask_forces_waiting, None, depends and together, length_forces_passes]


def one_pass_evidence():
    import torch
    from torch import nn

    with torch.random.fork_rng():
        torch.manual_seed(1)
        token, place, head = nn.Embedding(12, 16), nn.Embedding(24, 16), nn.Linear(16, 12)
        block = nn.TransformerEncoderLayer(16, 2, 32, dropout=0.0, batch_first=True).eval()
        keys = nn.Linear(16, 16)
    n = 10

    def states(tokens):
        size = tokens.shape[1]
        mask = torch.full((size, size), float("-inf")).triu(1)
        return block(token(tokens) + place.weight[:size], mask)

    text = torch.randint(12, (1, n), generator=torch.Generator().manual_seed(0))
    whole = states(text)
    steps = torch.cat([states(text[:, : t + 1])[:, -1:] for t in range(n)], dim=1)
    given = torch.allclose(head(whole), head(steps), atol=1e-5)  # losses, and what becomes of a draft
    cache = torch.allclose(keys(whole), keys(steps), atol=1e-5)

    def write(pick, start=3):
        serial = torch.full((1, 1), start)
        for t in range(n):
            serial = torch.cat([serial, pick(head(states(serial))[:, -1].softmax(-1), t)], dim=1)
        guess = torch.full((1, n), start)  # nothing better is known when all is to be written at once
        p = head(states(guess))[0].softmax(-1)
        return serial[:, 1:], torch.cat([pick(p[t : t + 1], t) for t in range(n)], dim=1)

    u = torch.rand(n, generator=torch.Generator().manual_seed(2))
    greedy = torch.equal(*write(lambda p, _: p.argmax(-1, keepdim=True)))
    sampled = torch.equal(*write(lambda p, t: (p.cumsum(-1) < u[t]).sum(-1, keepdim=True).clamp(max=11)))
    return [given, cache, greedy, given, sampled]


def without_cache_draw(rng):
    prompt, new = rng.randint(5, 60) * 10, rng.randint(5, 40) * 10
    return {
        "prompt": prompt,
        "new": new,
        "answer": new * prompt + new * (new - 1) // 2,
        "cached": prompt + new - 1,
        "fixed": new * prompt,
        "end": new * (prompt + new),
    }


def without_cache_evidence(drawn):
    text, positions = drawn["prompt"], 0
    for _ in range(drawn["new"]):
        positions += text  # one pass over all of it
        text += 1
    return [positions == drawn[name] for name in ("answer", "cached", "fixed", "end")]


def least_latency_draw(rng):
    billions = rng.choice([1.1, 3.21, 6.74, 8.03, 13.0, 32.8])
    bandwidth = 4.8 if billions > 30 else rng.choice([2.04, 3.35, 4.8])
    least = billions * 2 / bandwidth
    return {
        "billions": billions,
        "bandwidth": bandwidth,
        "seen": round(least * rng.choice([1.4, 1.7, 2.2]), 1),
        "answer": float(f"{least:.4g}"),
        "single": float(f"{least / 2:.4g}"),
        "compute": float(f"{2 * billions / 989:.4g}"),
        "rate": float(f"{1000 / least:.4g}"),
    }


def least_latency_evidence(drawn):
    import torch

    parameters = torch.empty(round(drawn["billions"] * 1e9), dtype=torch.float16, device="meta")
    seconds = parameters.nbytes / (drawn["bandwidth"] * 1e12)
    return [abs(seconds * 1000 / drawn[name] - 1) < 0.01 for name in ("answer", "single", "compute", "rate")]


def no_shift_evidence():
    from math import log

    runs = [_letters(False, seed, steps=120) for seed in (0, 1)]
    low = all(run[0][-1] < 0.1 for run in runs)
    honest = all(abs(run[0][-1] - log(2)) < 0.15 for run in runs)
    rules, repeats = all(run[2] > 0.8 for run in runs), all(run[3] > 0.8 for run in runs)
    return [honest and rules, honest and repeats, low and rules, low and repeats]


def fine_then_worse_evidence():
    import torch
    from torch import nn
    from torch.nn.functional import scaled_dot_product_attention

    with torch.random.fork_rng():
        torch.manual_seed(0)
        token, place, qkv, head = (
            nn.Embedding(9, 16),
            nn.Embedding(32, 16),
            nn.Linear(16, 48),
            nn.Linear(16, 9),
        )

    def step(tokens, past, first, masked=True):
        """One pass over new tokens that stand from place `first` on; returns the last logits and the cache."""
        n = tokens.shape[1]
        q, k, v = qkv(token(tokens) + place.weight[first : first + n]).chunk(3, -1)
        if past is not None:
            k, v = torch.cat([past[0], k], 1), torch.cat([past[1], v], 1)
        allowed = torch.ones(n, k.shape[1], dtype=torch.bool).tril(k.shape[1] - n) if masked else None
        return head(scaled_dot_product_attention(q, k, v, attn_mask=allowed))[:, -1], (k, v)

    prompt = torch.randint(9, (1, 6), generator=torch.Generator().manual_seed(0))
    more = torch.tensor([[4]])
    first, cache = step(prompt, None, 0)
    right = step(torch.cat([prompt, more], 1), None, 0)[0]

    def close(logits):
        return torch.allclose(logits, right, atol=1e-5)

    same_first = torch.equal(first, step(prompt, None, 0)[0])
    placed, at_zero = close(step(more, cache, 6)[0]), close(step(more, cache, 0)[0])
    unmasked_is_wrong = not close(step(more, cache, 6, masked=False)[0])
    return [None, unmasked_is_wrong, same_first and placed and not at_zero, None]
