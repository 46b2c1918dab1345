"""Experiment, draws and evidence for llm_evaluation.md."""

from math import comb, exp, log


def _unbiased(n, c, k):
    return 1 - comb(n - c, k) / comb(n, k)


def worked():
    a, b = (1.90, 4.4), (2.20, 5.5)
    error = (0.8 * 0.2 / 200) ** 0.5
    return [
        f"{comb(7, 5)}/{comb(10, 5)}",
        f"{_unbiased(10, 3, 5):.3f}",
        f"{1 - 0.7**5:.3f}",
        *(f"{exp(nats):.2f}" for nats, _ in (a, b)),
        *(f"{nats / log(2) / size:.3f}" for nats, size in (a, b)),
        f"{error:.3f}",
        f"±{196 * error:.1f}",
    ]


def _averages(seed, n, k, problems=400, repeats=25):
    """Means over problems and repetitions of the truth, the unbiased and the obvious estimate."""
    import torch

    g = torch.Generator().manual_seed(seed)
    p = torch.rand(problems, generator=g, dtype=torch.float64) ** 4  # many hard problems, few easy ones
    rates = p.expand(repeats, problems)
    c = torch.binomial(torch.full_like(rates, float(n)), rates, generator=g)
    table = torch.tensor([_unbiased(n, i, k) for i in range(n + 1)], dtype=torch.float64)
    return (
        (1 - (1 - p) ** k).mean().item(),
        table[c.long()].mean().item(),
        (1 - (1 - c / n) ** k).mean().item(),
    )


def experiment(off=False):
    k = 1 if off else 10
    sizes = [10, 15, 20, 30, 50, 100, 200]
    runs = [[_averages(seed, n, k) for n in sizes] for seed in range(4)]
    for run in runs:
        for true, unbiased, obvious in run:
            assert abs(unbiased - true) < 0.012, "the unbiased estimate is right at any n"
            if off:
                assert abs(obvious - unbiased) < 1e-9, "for k = 1 the two are the same"
        if not off:
            assert run[0][2] < run[0][0] - 0.05, "the obvious one is too low for n = k"
            assert run[2][2] < run[2][0] - 0.025, "and still for n = 2k"
            assert abs(run[-1][2] - run[-1][0]) < 0.012, "with many samples it comes right"
    mean = [[sum(run[i][j] for run in runs) / len(runs) for i in range(len(sizes))] for j in range(3)]
    at = sizes.index(20)
    if off:
        says = (
            f"pass@1 from 20 samples: truth {mean[0][at]:.3f}, unbiased {mean[1][at]:.3f}, obvious {mean[2][at]:.3f}. Both "
            "formulas are c/n, which is linear in c: no bias.",
            f"用 20 个样本估计 pass@1：真值 {mean[0][at]:.3f}，无偏公式 {mean[1][at]:.3f}，直接代入 {mean[2][at]:.3f}。两个公式都是 "
            "c/n，对 c 是线性的，没有偏差。",
        )
    else:
        says = (
            f"pass@10 of 400 problems (4 seeds): the truth is {mean[0][at]:.3f}. From 10 samples the obvious formula gives "
            f"{mean[2][0]:.3f} on average, from 20 {mean[2][at]:.3f}, from 200 {mean[2][-1]:.3f}; the unbiased one "
            f"{mean[1][0]:.3f}, {mean[1][at]:.3f} and {mean[1][-1]:.3f}.",
            f"400 道题的 pass@10（4 个随机种子）：真值 {mean[0][at]:.3f}。直接代入，用 10 个样本平均得 {mean[2][0]:.3f}，20 个得 "
            f"{mean[2][at]:.3f}，200 个得 {mean[2][-1]:.3f}；无偏公式分别得 {mean[1][0]:.3f}、{mean[1][at]:.3f}、{mean[1][-1]:.3f}。",
        )
    return {
        "says": says,
        "off": ("pass@1 in place of pass@10", "把 pass@10 换成 pass@1"),
        "title": (f"Estimates of pass@{k}", f"pass@{k} 的估计"),
        "chart": "curves",
        "x": sizes,
        "log_x": True,
        "x_label": ("samples a problem", "每题的样本数"),
        "y_label": ("mean estimate", "估计的平均值"),
        "series": [
            (("truth", "真值"), mean[0]),
            (("unbiased", "无偏公式"), mean[1]),
            (("1 − (1 − c/n)^k", "1 − (1 − c/n)^k"), mean[2]),
        ],
    }


def plug_in_evidence():
    runs = [_averages(seed, 20, 10) for seed in (10, 11, 12)]
    first = all(abs(unbiased - true) < 0.012 for true, unbiased, _ in runs)
    second = [obvious - true for true, _, obvious in runs]
    return [
        first and all(abs(gap) < 0.012 for gap in second),
        first and min(second) > 0.02,
        first and max(second) < -0.02,
        not first and max(second) < -0.02,
    ]


def pass_at_k_draw(rng):
    while True:
        n, k = rng.choice([8, 10, 12, 20, 25]), rng.choice([2, 3, 4, 5, 8])
        c = rng.randint(1, n - 1)
        if k >= n or c + k > n:
            continue
        values = {
            "answer": _unbiased(n, c, k),
            "plug_in": 1 - (1 - c / n) ** k,
            "times_k": k * c / n,
            "pass_one": c / n,
        }
        sizes = list(values.values())
        if all(abs(x - y) > 0.025 * max(x, y) for i, x in enumerate(sizes) for y in sizes[:i]):
            return {"n": n, "c": c, "k": k, "failed": n - c} | {
                k_: float(f"{v:.3g}") for k_, v in values.items()
            }


def pass_at_k_evidence(drawn):
    from itertools import combinations, islice

    passed = [True] * drawn["c"] + [False] * (drawn["n"] - drawn["c"])
    if comb(drawn["n"], drawn["k"]) < 200_000:
        hits = [any(some) for some in islice(combinations(passed, drawn["k"]), 200_000)]
        share = sum(hits) / len(hits)
    else:  # one after another without replacement: none of them right
        share, left = 1.0, drawn["n"]
        for i in range(drawn["k"]):
            share *= (left - i - drawn["c"]) / (left - i)
        share = 1 - share
    return [abs(drawn[name] / share - 1) < 0.01 for name in ("answer", "plug_in", "times_k", "pass_one")]


def tokenizer_evidence():
    import torch

    # One text and one model of its bytes; a "token" of several bytes is as probable as its bytes together.
    g = torch.Generator().manual_seed(0)
    byte_loss = torch.rand(1200, generator=g, dtype=torch.float64)
    short, long = byte_loss.view(-1, 2).sum(1), byte_loss.view(-1, 6).sum(1)
    same_text = abs(short.sum().item() - long.sum().item()) < 1e-9
    differ = long.mean().exp().item() > 2 * short.mean().exp().item()
    in_bits = 2 ** (short / log(2)).mean().item()
    base_matters = abs(in_bits / short.mean().exp().item() - 1) > 1e-9
    return [base_matters, same_text and differ, None, None]


def bits_draw(rng):
    nats, size = rng.choice([1.6, 1.8, 2.0, 2.1, 2.3, 2.5, 2.8]), rng.choice([3.2, 3.6, 4.0, 4.4, 4.8, 5.5])
    values = {
        "answer": nats / log(2) / size,
        "nats_per_byte": nats / size,
        "bits_per_token": nats / log(2),
        "perplexity_per_byte": exp(nats) / size,
    }
    return {"nats": nats, "size": size} | {k: float(f"{v:.3g}") for k, v in values.items()}


def bits_evidence(drawn):
    """A text of 1000 tokens: how many bits would encode it, over its bytes."""
    from math import log2

    tokens, probability = 1000, exp(-drawn["nats"])
    bits = sum(-log2(probability) for _ in range(tokens)) / (tokens * drawn["size"])
    names = "answer", "nats_per_byte", "bits_per_token", "perplexity_per_byte"
    return [abs(drawn[k] / bits - 1) < 0.01 for k in names]


def interval_draw(rng):
    percent, n = (
        rng.choice([55, 60, 65, 70, 75, 80, 85, 90]),
        rng.choice([100, 164, 200, 250, 400, 500, 1000]),
    )
    p = percent / 100
    error = (p * (1 - p) / n) ** 0.5 * 100
    values = {
        "answer": 1.96 * error,
        "one_sigma": error,
        "whole": 2 * 1.96 * error,
        "no_root": 196 * p * (1 - p) / n,
    }
    return {"percent": percent, "n": n} | {k: float(f"{v:.3g}") for k, v in values.items()}


def interval_evidence(drawn):
    from statistics import NormalDist, pvariance

    right = round(drawn["percent"] * drawn["n"] / 100)
    outcomes = [100.0] * right + [0.0] * (drawn["n"] - right)
    half = NormalDist().inv_cdf(0.975) * (pvariance(outcomes) / drawn["n"]) ** 0.5
    return [abs(drawn[k] / half - 1) < 0.02 for k in ("answer", "one_sigma", "whole", "no_root")]


def judge_evidence():
    first, second = 0.62, 0.44  # A's wins from either place
    ahead, place = (first + second) / 2, (first - second) / 2
    error = (0.25 / 400) ** 0.5  # of a share near one half, if both orders agreed wholly
    clearly_a = ahead - 0.5 > 1.96 * error
    clearly_b = 0.5 - ahead > 1.96 * error
    little = abs(place - 0.09) < 1e-9 and abs(ahead - 0.53) < 1e-9 and not clearly_a
    by_chance = abs(first - 0.5) < 1.96 * error and abs(second - 0.5) < 1.96 * error
    return [clearly_a, clearly_b, little, by_chance]
