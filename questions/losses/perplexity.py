"""Experiment, draws and evidence for perplexity.md."""


def from_probabilities_draw(rng):
    import math

    while True:
        ps = [rng.choice([0.05, 0.1, 0.125, 0.2, 0.25, 0.4, 0.5, 0.8]) for _ in range(4)]
        mean = -sum(map(math.log, ps)) / 4
        values = {
            "answer": math.exp(mean),
            "sum": 1 / math.prod(ps),
            "harmonic": 4 / sum(ps),
            "arithmetic": sum(1 / p for p in ps) / 4,
        }
        numbers = list(values.values())
        if min(abs(a / b - 1) for i, a in enumerate(numbers) for b in numbers[:i]) > 0.05:
            shown = {name: f"{v:.3g}" if v < 1000 else f"{v:.0f}" for name, v in values.items()}
            return {"ps": ", ".join(map(str, ps)), "mean": f"{mean:.3f}", **shown}


def from_probabilities_evidence(drawn):
    import torch

    p = torch.tensor([float(v) for v in drawn["ps"].split(", ")], dtype=torch.float64)
    # Four tokens, each with two classes: the true one and the rest.
    o = torch.stack([p, 1 - p], 1).log()
    ppl = torch.nn.functional.cross_entropy(o, torch.zeros(4, dtype=torch.long)).exp().item()
    return [abs(float(drawn[k]) / ppl - 1) < 0.01 for k in ("answer", "sum", "harmonic", "arithmetic")]


def _perplexity(p):
    import math

    return math.exp(sum(-math.log(v) if v else math.inf for v in p) / len(p))


def statements_evidence():
    import math

    near = math.isclose
    uniform = [_perplexity([1 / 50] * T) for T in (10, 1000)]
    return [
        all(near(v, 50) for v in uniform),
        near(uniform[1], 1000),
        _perplexity([0.9] * 99 + [0.0]) == math.inf,
        _perplexity([1 / 50] * 10) == math.inf,
        _perplexity([0.001] * 10) > 50,
        _perplexity([1.0] * 10) == 0,
    ]


def batches_draw(rng):
    import math

    while True:
        n = [rng.choice([100, 200, 400, 500]), rng.choice([50, 300, 600]), rng.choice([20, 40, 1000])]
        losses = [rng.randint(20, 45) / 10 for _ in n]
        total = sum(n)
        values = {
            "answer": math.exp(sum(a * b for a, b in zip(n, losses, strict=True)) / total),
            "batch_means": math.exp(sum(losses) / 3),
            "mean_ppl": sum(map(math.exp, losses)) / 3,
            "weighted_ppl": sum(a * math.exp(b) for a, b in zip(n, losses, strict=True)) / total,
        }
        numbers = list(values.values())
        if min(abs(a / b - 1) for i, a in enumerate(numbers) for b in numbers[:i]) > 0.05:
            shown = {name: f"{v:.2f}" for name, v in values.items()}
            return (
                {f"n{i + 1}": v for i, v in enumerate(n)}
                | {f"l{i + 1}": v for i, v in enumerate(losses)}
                | shown
            )


def batches_evidence(drawn):
    """Token by token, as one long text."""
    import math

    p = [math.exp(-drawn[f"l{i}"]) for i in (1, 2, 3) for _ in range(drawn[f"n{i}"])]
    whole = _perplexity(p)
    names = ("answer", "batch_means", "mean_ppl", "weighted_ppl")
    return [abs(float(drawn[k]) / whole - 1) < 0.005 for k in names]


def why_mean_evidence():
    import math

    p = [0.3, 0.1, 0.6, 0.2] * 5
    lengths = [p, p * 2, p * 4]
    means = [_perplexity(v) for v in lengths]
    sums = [math.prod(1 / q for q in v) for v in lengths]  # Python's floats do not overflow here
    same = max(means) / min(means) < 1 + 1e-9 and sums[2] > 1e6 * sums[0]
    grid = [k / 100 for k in range(1, 100)]
    data = [1] * 7 + [0] * 3
    nll = {q: -sum(math.log(q if y else 1 - q) for y in data) for q in grid}
    assert min(grid, key=nll.get) == min(grid, key=lambda q: nll[q] / 10)  # so either could be minimised
    fails_to_add_up = abs(sum(a * b for a in (0.3, 0.7) for b in (0.3, 0.7)) - 1) > 1e-9
    return [None, None, same, fails_to_add_up]


def _sentences(equal):
    """Sentences of each chapter as strings of a–z and blanks; or pieces of 60 characters."""
    import re
    from pathlib import Path

    text = (Path(__file__).parent.parent / "rnn" / "data" / "timemachine.txt").read_text(encoding="utf-8")
    chapters = []
    for part in re.split(r"^[IV]+$", text, flags=re.MULTILINE)[1:]:
        clean = [" ".join(re.findall(r"[a-z]+", s.lower())) for s in re.split(r"[.!?]", part)]
        if equal:
            whole = " ".join(clean)
            chapters.append([whole[i : i + 60] for i in range(0, len(whole) - 59, 60)])
        else:
            chapters.append([s for s in clean if s])
    return chapters


def _padded(equal=False):
    """A bigram model of characters and padding, each chapter held out once: (over all, over real, share of padding)."""
    import math
    from collections import Counter

    chapters = _sentences(equal)
    longest = max(len(s) for part in chapters for s in part)
    rows = [["^" + s + "_" * (longest - len(s)) for s in part] for part in chapters]
    found = []
    for held in range(3):
        train = [r for i, part in enumerate(rows) if i != held for r in part]
        pairs = Counter(pair for r in train for pair in zip(r, r[1:], strict=False))
        contexts = Counter()
        for (a, _), times in pairs.items():
            contexts[a] += times
        size = 28  # a–z, the blank, padding
        losses = [
            (-math.log((pairs[a, b] + 1) / (contexts[a] + size)), b == "_")
            for r in rows[held]
            for a, b in zip(r, r[1:], strict=False)
        ]
        real = [loss for loss, pad in losses if not pad]
        both = [loss for loss, _ in losses]
        found.append(
            (math.exp(sum(both) / len(both)), math.exp(sum(real) / len(real)), 1 - len(real) / len(both))
        )
    return found


def padded_evidence():
    found = _padded()
    assert all(8 < real < 12 for _, real, _ in found)
    counted = [both for both, _, _ in found]
    return [
        all(8 < v < 12 for v in counted),
        all(1.4 < v < 1.8 for v in counted),
        all(v > 30 for v in counted),
        any(v == float("inf") for v in counted),
    ]


def too_good_evidence():
    """A model that sees the current token as its own target copies it; one that must predict cannot."""
    import math

    import torch

    torch.manual_seed(0)
    x = torch.randint(20, (64, 33))

    def held_out(shift):
        table = torch.zeros(20, 20, requires_grad=True)
        adam = torch.optim.Adam([table], 0.3)
        given, target = (x[:, :-1], x[:, 1:]) if shift else (x, x)
        for _ in range(60):
            loss = torch.nn.functional.cross_entropy(table[given[:48]].flatten(0, 1), target[:48].flatten())
            adam.zero_grad()
            loss.backward()
            adam.step()
        held = torch.nn.functional.cross_entropy(table[given[48:]].flatten(0, 1), target[48:].flatten())
        return held.exp().item()

    sees, honest = held_out(False), held_out(True)
    assert f"{math.log2(1.03):.2f}" == "0.04"
    characters = any(real < 1.1 for _, real, _ in _padded(equal=True))  # English, character by character
    return [None, characters, None, sees < 1.1 and honest > 15]


def worked():
    import math

    p = [0.5, 0.25, 0.5, 0.125]
    total = -sum(map(math.log, p))
    return [
        f"{total:.3f}/4",
        f"{total / 4:.3f}",
        f"{_perplexity(p):.3f}",
        f"{math.prod(1 / v for v in p):.0f}",
        f"{sum(1 / v for v in p) / 4:.0f}",
        f"{4 / sum(p):.3f}",
    ]


def experiment(off=False):
    found = _padded(equal=off)
    both, real, share = (sum(run[i] for run in found) / 3 for i in range(3))
    if off:
        assert all(abs(a / b - 1) < 1e-9 and pad == 0 for a, b, pad in found), "without padding both agree"
        says = (
            f"Cut into pieces of 60 characters there is no padding, and both means give {real:.1f}.",
            f"切成每段 60 个字符就没有 padding，两种平均都得到 {real:.1f}。",
        )
    else:
        assert all(a < 0.35 * b for a, b, _ in found), (
            "padding counted, the perplexity falls far below the true one"
        )
        says = (
            f"Over real characters the perplexity is {real:.1f}; with padding counted it is {both:.2f}, since {share:.0%} of the positions are "
            f"padding and cost almost nothing (each of three chapters held out once).",
            f"只算真实字符，困惑度是 {real:.1f}；把 padding 算进去是 {both:.2f}，因为 {share:.0%} 的位置是 padding，loss 几乎为 0"
            "（三章轮流留作测试）。",
        )
    return {
        "says": says,
        "off": ("pieces of equal length, no padding", "等长的片段，没有 padding"),
        "title": ("Perplexity of a character bigram model", "字符 bigram 模型的困惑度"),
        "chart": "bars",
        "bars": [
            (("uniform", "均匀"), 28),
            (("real characters", "真实字符"), round(real, 2)),
            (("padding counted", "padding 也算"), round(both, 2)),
        ],
    }
