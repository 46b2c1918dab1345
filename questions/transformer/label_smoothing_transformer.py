"""Experiment, draws and evidence for label_smoothing_transformer.md."""


def _target(eps, classes):
    """What torch's loss pulls towards: a smoothed one-hot vector, read off its gradient in float64."""
    import torch

    logits = torch.zeros(1, classes, dtype=torch.float64, requires_grad=True)
    loss = torch.nn.functional.cross_entropy(logits, torch.zeros(1, dtype=torch.long), label_smoothing=eps)
    (gradient,) = torch.autograd.grad(loss, logits)
    return (1 / classes - gradient)[0]


def worked():
    import torch

    q = _target(0.1, 37000)
    floor = -(q * q.log()).sum().item()
    gap = (q[0] / q[1]).log().item()
    assert torch.allclose(q.sum(), torch.ones((), dtype=torch.float64))
    return [f"0.9 + {q[1].item():.7f}", f"{gap:.3f}", f"{floor:.3f} nats", f"= {-q[0].log().item():.3f}"]


def _source(seed, fresh, eps, tokens=32, contexts=128, steps=300, few=200, rate=0.1):
    """A table of logits learns the next token of a random source. True perplexity, and per cent of right first choices."""
    import torch

    g = torch.Generator().manual_seed(seed)
    truth = (6 * torch.randn(contexts, tokens, generator=g)).softmax(-1)

    def samples(count):
        context = torch.randint(contexts, (count,), generator=g)
        return context, torch.multinomial(truth[context], 1, generator=g)[:, 0]

    table = torch.zeros(contexts, tokens, requires_grad=True)
    optimizer = torch.optim.Adam([table], lr=rate)
    known = samples(few)
    for step in range(steps):
        if step == steps * 3 // 4:
            optimizer.param_groups[0]["lr"] = rate / 5
        context, token = samples(1024) if fresh else known
        optimizer.zero_grad()
        torch.nn.functional.cross_entropy(table[context], token, label_smoothing=eps).backward()
        optimizer.step()
    with torch.no_grad():
        log_p = table.log_softmax(-1)
        perplexity = (-(truth * log_p).sum(-1).mean()).exp().item()
        hits = truth.gather(1, log_p.argmax(-1, keepdim=True)).mean().item()
        mixed = (1 - eps) * truth + eps / tokens
        foretold = (-(truth * mixed.log()).sum(-1).mean()).exp().item()
    return perplexity, 100 * hits, foretold


def experiment(off=False):
    runs = {eps: [_source(seed, not off, eps) for seed in range(3)] for eps in (0.0, 0.1)}
    plain, smooth = ([run[0] for run in runs[eps]] for eps in (0.0, 0.1))
    hits = {eps: sum(run[1] for run in found) / 3 for eps, found in runs.items()}
    mean_plain, mean_smooth = sum(plain) / 3, sum(smooth) / 3
    for one, other in zip(runs[0.0], runs[0.1], strict=True):
        assert abs(one[1] - other[1]) < 1, "the first choice is right as often with and without smoothing"
    if off:
        assert all(b < 0.8 * a for a, b in zip(plain, smooth, strict=True)), "on few data smoothing helps"
        says = (
            f"With 200 samples read 300 times, both over-fit, and the result turns round: perplexity {mean_plain:.1f} without "
            f"smoothing, {mean_smooth:.1f} with it. Hit rates are {hits[0.0]:.0f} % and {hits[0.1]:.0f} %.",
            f"200 个样本反复读 300 遍，两者都过拟合，结果反过来了：不平滑的困惑度为 {mean_plain:.1f}，平滑后为 "
            f"{mean_smooth:.1f}。命中率为 {hits[0.0]:.0f} % 和 {hits[0.1]:.0f} %。",
        )
    else:
        for a, (b, _hits, foretold) in zip(plain, runs[0.1], strict=True):
            assert b > 1.05 * a, "on fresh samples smoothing raises the perplexity"
            assert abs(b / foretold - 1) < 0.01, "to that of (1 − ε)·r + ε/K"
        says = (
            f"On fresh samples smoothing raises the perplexity from {mean_plain:.2f} to {mean_smooth:.2f}, as (1 − ε)·r + ε/K "
            f"foretells; the first choice is right in {hits[0.0]:.1f} % and {hits[0.1]:.1f} % of cases (3 seeds).",
            f"样本总是新的时，平滑让困惑度从 {mean_plain:.2f} 升到 {mean_smooth:.2f}，与 (1 − ε)·r + ε/K 的预言一致；首选命中率为 "
            f"{hits[0.0]:.1f} % 和 {hits[0.1]:.1f} %（3 个种子）。",
        )
    return {
        "says": says,
        "off": ("200 samples read over and over, in place of fresh ones", "不抽新样本，反复读同样 200 个"),
        "title": ("Perplexity on the true source (without smoothing)", "在真实信源上的困惑度（不带平滑）"),
        "chart": "bars",
        "bars": [
            (f"ε = {eps:g}, #{i}", run[0]) for eps, found in runs.items() for i, run in enumerate(found, 1)
        ],
    }


def floor_draw(rng):
    import math

    eps, classes = rng.choice([0.05, 0.1, 0.2]), rng.choice([1000, 5000, 10000, 32000, 50000])
    low = eps / classes
    top = 1 - eps + low
    return {
        "eps": eps,
        "K": classes,
        "top": round(top, 4),
        "rest": classes - 1,
        "answer": round(-top * math.log(top) - (classes - 1) * low * math.log(low), 3),
        "top_only": round(-math.log(top), 4),
        "spread": round(eps * math.log(classes), 3),
    }


def floor_evidence(drawn):
    """The least loss that an optimizer finds: Adam on the logits of one position."""
    import torch

    logits = torch.zeros(1, drawn["K"], requires_grad=True)
    label = torch.zeros(1, dtype=torch.long)
    optimizer = torch.optim.Adam([logits], lr=0.3)
    least = float("inf")
    for _ in range(300):
        optimizer.zero_grad()
        loss = torch.nn.functional.cross_entropy(logits, label, label_smoothing=drawn["eps"])
        loss.backward()
        optimizer.step()
        least = min(least, loss.item())
    values = (drawn["answer"], drawn["top_only"], drawn["spread"], 0)
    return [abs(least - value) < 0.01 * least for value in values]


def gap_draw(rng):
    import math

    while True:
        eps, classes = rng.choice([0.05, 0.1, 0.2, 0.3]), rng.choice([10, 50, 100, 1000, 10000, 32000])
        ratio = (1 - eps + eps / classes) / (eps / classes)
        values = {
            "answer": math.log(ratio),
            "no_classes": math.log((1 - eps) / eps),
            "uniform": math.log(classes),
            "ratio": ratio,
        }
        close = [abs(a / b - 1) for i, a in enumerate(values.values()) for b in list(values.values())[:i]]
        if min(close) > 0.04:
            return {"eps": eps, "K": classes} | {name: float(f"{v:.4g}") for name, v in values.items()}


def gap_evidence(drawn):
    q = _target(drawn["eps"], drawn["K"])
    gap = (q[0].log() - q[1].log()).item()
    return [abs(gap / drawn[name] - 1) < 0.01 for name in ("answer", "no_classes", "uniform", "ratio")]


def effect_evidence():
    plain, smooth = (_source(7, True, eps) for eps in (0.0, 0.1))
    falls, rises = smooth[0] < 0.99 * plain[0], smooth[0] > 1.05 * plain[0]
    same, fewer = abs(smooth[1] - plain[1]) < 1, smooth[1] < plain[1] - 1
    return [falls and same, falls and fewer, rises and same, rises and fewer]


def why_better_evidence():
    import torch

    g = torch.Generator().manual_seed(0)
    truth = (3 * torch.randn(500, 40, generator=g)).softmax(-1)
    mixed = 0.9 * truth + 0.1 / 40
    kept = torch.equal(truth.argsort(-1), mixed.argsort(-1))
    dearer = (-(truth * mixed.log()).sum(-1) > -(truth * truth.log()).sum(-1)).all().item()
    logits, label = torch.randn(5, 7, generator=g), torch.tensor([0, 1, 2, 3, 4])
    losses = {torch.nn.functional.cross_entropy(logits, label, label_smoothing=0.1).item() for _ in range(5)}
    return [None, kept and dearer, len(losses) > 1, None]


def lower_validation_evidence():
    """One set of predictions, judged both ways: the smoothed loss is more than a nat higher."""
    import torch
    from torch.nn.functional import cross_entropy, dropout

    g = torch.Generator().manual_seed(0)
    n, vocab, d = 200, 37000, 64
    state = torch.randn(n, d, generator=g)
    table = 0.31 * torch.randn(vocab, d, generator=g)
    label = torch.randint(vocab, (n,), generator=g)
    logits = state @ table.T
    logits[torch.arange(n), label] += 11 + 2.5 * torch.randn(n, generator=g)
    plain, smooth = (cross_entropy(logits, label, label_smoothing=eps).item() for eps in (0.0, 0.1))
    rest = -logits.log_softmax(-1).mean().item()
    dropped = cross_entropy(dropout(state, 0.1) @ table.T + (logits - state @ table.T), label).item()
    explained = smooth - plain > 1 and abs(0.9 * plain + 0.1 * rest - smooth) < 0.01 and 12 < rest < 15
    return [False, dropped - plain > 1, explained, False]
