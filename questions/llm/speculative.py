"""Experiment, draws and evidence for speculative.md."""

P, Q = (0.5, 0.3, 0.2), (0.2, 0.6, 0.2)


def worked():
    rate = sum(map(min, P, Q))
    first = min(P[0], Q[0]) + (1 - rate) * max(0, P[0] - Q[0]) / sum(
        max(0, a - b) for a, b in zip(P, Q, strict=True)
    )
    return [f"{rate:.1f}", f"{first:.1f}", f"{(1 - rate**5) / (1 - rate):.2f}"]


def _frequencies(p, q, again, seed, count=200_000):
    """How often each token comes out at one position, and the share of rejections.

    After a rejection the token is drawn from the residual, or (`again`) from p itself."""
    import torch

    g = torch.Generator().manual_seed(seed)
    p, q = (torch.tensor(x, dtype=torch.float64) for x in (p, q))
    token = torch.multinomial(q, count, replacement=True, generator=g)
    rejected = torch.rand(count, generator=g, dtype=torch.float64) >= p[token] / q[token]
    residual = p if again else (p - q).clamp(min=0)
    if rejected.any():
        token[rejected] = torch.multinomial(residual, int(rejected.sum()), replacement=True, generator=g)
    return (torch.bincount(token, minlength=len(p)) / count).tolist(), rejected.double().mean().item()


def experiment(off=False):
    q = P if off else Q
    right, wrong = ([_frequencies(P, q, again, seed) for seed in range(3)] for again in (False, True))
    for seen, _rejected in right:
        assert max(abs(a - b) for a, b in zip(seen, P, strict=True)) < 0.005, "the right rule gives p"
    expected = P if off else (0.35, 0.39, 0.26)
    for seen, _rejected in wrong:
        assert max(abs(a - b) for a, b in zip(seen, expected, strict=True)) < 0.005, (
            "the other leans towards q"
        )

    def mean(runs):
        return [sum(column) / 3 for column in zip(*(seen for seen, _ in runs), strict=True)]

    good, bad, rejected = mean(right), mean(wrong), sum(r for _, r in wrong) / 3
    says = (
        (
            f"The draft equals the target: {rejected:.0%} are rejected, and the wrong rule, never used, does no harm. Token 2 "
            f"comes with {bad[1]:.3f}, as it should.",
            f"草稿与目标相同：被拒的占 {rejected:.0%}，错误的规则用不上，也就无害。token 2 的频率是 {bad[1]:.3f}，正该如此。",
        )
        if off
        else (
            f"{rejected:.0%} of the drafts are rejected. Drawn from the residual, token 2 comes with {good[1]:.3f} (its p is "
            f"0.3); drawn from p again, with {bad[1]:.3f}, and token 1 with {bad[0]:.3f} in place of 0.5.",
            f"被拒的草稿占 {rejected:.0%}。从残差抽，token 2 的频率是 {good[1]:.3f}（它的 p 是 0.3）；直接从 p 重抽，则是 "
            f"{bad[1]:.3f}，而 token 1 只有 {bad[0]:.3f}，本该是 0.5。",
        )
    )
    return {
        "says": says,
        "off": ("the draft is the target itself", "草稿就是目标本身"),
        "title": ("Frequencies of the tokens in 600,000 draws", "60 万次采样中各 token 的频率"),
        "chart": "table",
        "columns": [
            "token",
            ("draft q", "草稿 q"),
            ("target p", "目标 p"),
            ("residual (right)", "从残差抽（对）"),
            ("p again (wrong)", "从 p 重抽（错）"),
        ],
        "rows": [[str(i + 1), q[i], P[i], f"{good[i]:.3f}", f"{bad[i]:.3f}"] for i in range(3)],
    }


def rate_draw(rng):
    def distribution():
        cuts = sorted(rng.sample(range(1, 20), 3))
        return [(b - a) / 20 for a, b in zip([0, *cuts], [*cuts, 20], strict=True)]

    while True:
        p, q = distribution(), distribution()
        answer = sum(map(min, p, q))
        values = {
            "answer": answer,
            "distance": 1 - answer,
            "agree": sum(a * b for a, b in zip(p, q, strict=True)),
            "unweighted": sum(min(1, a / b) for a, b in zip(p, q, strict=True)) / 4,
        }
        numbers = list(values.values())
        if 0.3 < answer < 0.95 and all(abs(v - w) > 0.03 for i, v in enumerate(numbers) for w in numbers[:i]):
            shown = {name: round(value, 4) for name, value in values.items()}
            return {"p": ", ".join(f"{x:g}" for x in p), "q": ", ".join(f"{x:g}" for x in q), **shown}


def rate_evidence(drawn):
    p, q = ([float(x) for x in drawn[name].split(", ")] for name in "pq")
    accepted = 1 - _frequencies(p, q, False, seed=0)[1]
    return [abs(accepted - drawn[name]) < 0.01 for name in ("answer", "distance", "agree", "unweighted")]


def speedup_draw(rng):
    while True:
        gamma, beta = rng.choice([3, 4, 5, 6, 7]), rng.choice([0.5, 0.6, 0.7, 0.75, 0.8])
        c = rng.choice([0.04, 0.05, 0.08])
        tokens = (1 - beta ** (gamma + 1)) / (1 - beta)
        time = 1 + gamma * c
        values = {
            "answer": tokens / time,
            "tokens": tokens,
            "no_bonus": (tokens - 1) / time,
            "linear": (gamma * beta + 1) / time,
        }
        numbers = list(values.values())
        if all(abs(v / w - 1) > 0.05 for i, v in enumerate(numbers) for w in numbers[:i]):
            shown = {name: float(f"{value:.4g}") for name, value in values.items()}
            return {"gamma": gamma, "next": gamma + 1, "beta": beta, "c": c} | shown


def speedup_evidence(drawn):
    import torch

    g = torch.Generator().manual_seed(0)
    gamma, rounds = drawn["gamma"], 400_000
    accepted = torch.rand(rounds, gamma, generator=g) < drawn["beta"]
    tokens = rounds + accepted.long().cumprod(1).sum().item()  # the target gives one token in each round
    speed = tokens / (rounds * (1 + gamma * drawn["c"]))
    return [abs(speed / drawn[name] - 1) < 0.01 for name in ("answer", "tokens", "no_bonus", "linear")]


def why_exact_evidence():
    import torch

    g = torch.Generator().manual_seed(0)

    def output(p, q, second):
        accepted = torch.minimum(p, q)
        return accepted + (1 - accepted.sum()) * second / second.sum()

    exact, again, always = [], [], []
    for _ in range(50):
        p, q = (torch.rand(9, generator=g, dtype=torch.float64) ** 3 + 1e-9 for _ in range(2))
        p, q = p / p.sum(), q / q.sum()
        exact.append(torch.allclose(output(p, q, (p - q).clamp(min=0)), p))
        again.append(torch.allclose(output(p, q, p), p))
        # scored in the full context, but accepted when p(x) is above a threshold
        kept = q * (p > 0.1) + 1e-12
        always.append(torch.allclose(kept / kept.sum(), p, atol=1e-3))
    needs_likeness = not all(exact)
    return [any(always), all(exact), any(again), needs_likeness]


def again_evidence():
    seen, _rejected = _frequencies(P, Q, True, seed=7)

    def near(*values):
        return all(abs(a - b) < 0.01 for a, b in zip(seen, values, strict=True))

    return [near(*P), near(*Q), seen[0] > 0.5, near(0.35, 0.39, 0.26)]


def true_of_evidence():
    import torch

    g = torch.Generator().manual_seed(0)
    p, q, bad = ((2 * torch.randn(8, generator=g, dtype=torch.float64)).softmax(0) for _ in range(3))
    rates = [1 - _frequencies(p.tolist(), d.tolist(), False, seed=1)[1] for d in (q, bad)]
    overlaps = all(
        abs(rate - (1 - (p - d).abs().sum().item() / 2)) < 0.005
        for rate, d in zip(rates, (q, bad), strict=True)
    )
    seen, _ = _frequencies(p.tolist(), bad.tolist(), False, seed=2)
    leans = max(abs(a - b) for a, b in zip(seen, p.tolist(), strict=True)) > 0.005
    cold = torch.nn.functional.one_hot(p.argmax(), 8).double()
    ratio = (cold / q).clamp(max=1)
    only_argmax = torch.equal(ratio, cold)

    def length(gamma):  # of a round in which everything is accepted: the pass scores γ + 1 positions
        tokens = [0]  # the last token so far
        tokens += [int(torch.multinomial(q, 1, generator=g)) for _ in range(gamma)]
        scored = p.expand(len(tokens), 8)  # the target's distribution behind each of them
        tokens.append(int(torch.multinomial(scored[-1], 1, generator=g)))
        return len(tokens) - 1

    return [overlaps, leans, only_argmax, length(4) == 4, None]


def busy_evidence():
    parameters, bandwidth, arithmetic = (
        6.74e9,
        3.35e12,
        500e12,
    )  # bf16 on an H100, arithmetic as reached in practice
    gamma, rate = 4, 0.7
    tokens = (1 - rate ** (gamma + 1)) / (1 - rate)

    def time(batch, positions, cache=0):
        return max((2 * parameters + cache) / bandwidth, 2 * parameters * batch * positions / arithmetic)

    def gain(batch, cache=0):
        draft = gamma * 0.05 * time(1, 1)
        return tokens * time(batch, 1, cache) / (time(batch, gamma + 1, cache) + draft)

    by_compute = 2.2 < gain(1) < 2.4 and gain(256) < 1
    by_cache = gain(256, cache=256 * 1000 * 2 * 32 * 4096 * 2) < gain(
        256
    )  # a cache to read favours speculation
    return [None, by_cache, by_compute, None]


def aloud_evidence():
    seen, _ = _frequencies(P, Q, False, seed=3)
    exact = max(abs(a - b) for a, b in zip(seen, P, strict=True)) < 0.005
    return [None, None, exact, exact, abs((1 - 0.7**5) / 0.3 - sum(0.7**i for i in range(5))) < 1e-9, None]
