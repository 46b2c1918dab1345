"""Experiment, draws and evidence for ngram_zipf.md."""


def _chapters():
    """The words of each of the three chapters, in lower case."""
    import re
    from pathlib import Path

    text = (Path(__file__).parent / "data" / "timemachine.txt").read_text(encoding="utf-8")
    parts = re.split(r"^[IV]+$", text, flags=re.MULTILINE)[1:]
    return [re.findall(r"[a-z]+", part.lower()) for part in parts]


def _counts(texts, n):
    """Counts of n-grams, and of their contexts."""
    from collections import Counter

    grams = Counter(tuple(t[i : i + n]) for t in texts for i in range(len(t) - n + 1))
    contexts = Counter()
    for gram, times in grams.items():
        contexts[gram[:-1]] += times
    return grams, contexts


class _Models:
    """n-gram models up to order 4 of two chapters, tested on the third."""

    def __init__(self, held, characters=False):
        from collections import Counter

        chapters = _chapters()
        if characters:
            chapters = [list(" ".join(words)) for words in chapters]
        train = [part for i, part in enumerate(chapters) if i != held]
        kept = {unit for unit, n in Counter(u for part in train for u in part).items() if n > 1}
        self.size = len(kept) + 1
        *self.train, self.test = (
            [unit if unit in kept else "<unk>" for unit in part] for part in (*train, chapters[held])
        )
        self.tables = {n: _counts(self.train, n) for n in (1, 2, 3, 4)}

    def added(self, n, epsilon=1.0):
        grams, contexts = self.tables[n]
        return lambda c, w: (grams[*c[4 - n :], w] + epsilon) / (contexts[c[4 - n :]] + epsilon * self.size)

    def mixed(self, n):
        """Each order corrects the one below, the more the better its context is known."""

        def p(c, w):
            value = self.added(1)(c, w)
            for m in range(2, n + 1):
                grams, contexts = self.tables[m]
                times = contexts[c[4 - m :]]
                value = (grams[*c[4 - m :], w] + 10 * value) / (times + 10)
            return value

        return p

    def perplexity(self, p, texts=None):
        from math import exp, log

        texts = texts or [self.test]
        losses = [-log(p(tuple(t[i - 3 : i]), t[i])) for t in texts for i in range(3, len(t))]
        return exp(sum(losses) / len(losses))

    def known(self, n):
        """The share of the test's contexts of n − 1 words that occur in training."""
        contexts = self.tables[n][1]
        seen = [tuple(self.test[i - n + 1 : i]) in contexts for i in range(3, len(self.test))]
        return sum(seen) / len(seen)


def worked():
    text = ["the", "time", "machine", "the", "time", "traveller", "the", "machine"]
    grams, contexts = _counts([text], 2)
    size, of_the = len(set(text)), contexts["the",]
    return [
        f"{grams['the', 'time'] / of_the:.3f}",
        f"{(grams['the', 'time'] + 1) / (of_the + size):.3f}",
        f"{(grams['the', 'traveller'] + 1) / (of_the + size):.3f}",
        f"{sum(grams.values())} ",
        f"{len(grams)} ",
        f"V² = {size**2} ",
        *(f"{_once(n):.0%}".replace("%", " %") for n in (2, 3)),
    ]


def _once(n):
    """The share of the different n-grams of all three chapters that occur once."""
    grams, _contexts = _counts([[w for part in _chapters() for w in part]], n)
    return sum(times == 1 for times in grams.values()) / len(grams)


def experiment(off=False):
    from collections import Counter

    models = [_Models(held) for held in range(3)]
    runs = [[m.perplexity(m.mixed(n) if off else m.added(n)) for n in (1, 2, 3, 4)] for m in models]
    for run, m in zip(runs, models, strict=True):
        if off:
            assert run[1] < 0.92 * run[0] and run[3] < 1.15 * run[0], "mixed with lower orders, context helps"
        else:
            assert run[0] < run[1] < run[2] < run[3], "with add-one the perplexity rises with n"
            assert run[3] > 0.8 * m.size, "up to nearly that of guessing"
    mean = [sum(run[i] for run in runs) / 3 for i in range(4)]
    size = sum(m.size for m in models) / 3
    known = [sum(m.known(n) for m in models) / 3 for n in (2, 3, 4)]
    if off:
        says = (
            f"Mixed with lower orders: perplexity {mean[0]:.0f} for n = 1, {mean[1]:.0f} for 2, {mean[2]:.0f} for 3, {mean[3]:.0f} "
            f"for 4 (each chapter held out once). Now the bigram is the best; longer contexts are known too rarely to add to it.",
            f"与低阶混合：n = 1 的困惑度 {mean[0]:.0f}，n = 2 是 {mean[1]:.0f}，n = 3 是 {mean[2]:.0f}，n = 4 是 {mean[3]:.0f}"
            "（三章轮流留作测试）。这时 bigram 最好；再长的上下文太少见过，没有帮助。",
        )
    else:
        says = (
            f"With add-one: perplexity {mean[0]:.0f} for n = 1, {mean[1]:.0f} for 2, {mean[2]:.0f} for 3, {mean[3]:.0f} for 4; "
            f"guessing has V = {size:.0f} (each chapter held out once). Of the contexts of 1, 2, 3 words in new text, "
            f"{known[0]:.0%}, {known[1]:.0%}, {known[2]:.0%} were seen before.",
            f"加一平滑：n = 1 的困惑度 {mean[0]:.0f}，n = 2 是 {mean[1]:.0f}，n = 3 是 {mean[2]:.0f}，n = 4 是 {mean[3]:.0f}；瞎猜是 "
            f"V = {size:.0f}（三章轮流留作测试）。新文本里 1、2、3 个词的上下文，以前见过的分别占 {known[0]:.0%}、{known[1]:.0%}、"
            f"{known[2]:.0%}。",
        )
    counts = sorted(Counter(w for part in _chapters() for w in part).values(), reverse=True)
    ranks = [1, 2, 3, 5, 8, 12, 20, 30, 50, 80, 120, 200, 300, 500, 800, 1200]
    for r in (5, 10, 20, 50, 100, 200, 500, 1000):
        assert 850 < r * counts[r - 1] < 1150, "rank times count is about constant"
    return {
        "says": says,
        "off": ("lower orders are mixed in, in place of adding one", "不再加一，而是混入低阶"),
        "charts": [
            {
                "chart": "bars",
                "title": ("Perplexity on a new chapter", "新的一章上的困惑度"),
                "bars": [(f"n = {n}", round(value, 1)) for n, value in zip((1, 2, 3, 4), mean, strict=True)],
            },
            {
                "chart": "curves",
                "title": ("Zipf's law: count by rank", "Zipf 定律：次数随名次的变化"),
                "x": ranks,
                "x_label": ("rank", "名次"),
                "y_label": ("count", "次数"),
                "log_x": True,
                "log_y": True,
                "series": [
                    (("words", "词"), [counts[r - 1] for r in ranks]),
                    (("1000/rank", "1000/名次"), [1000 / r for r in ranks]),
                ],
            },
        ],
    }


def best_order_evidence():
    runs = []
    for held in range(3):
        m = _Models(held)
        runs.append([m.perplexity(m.added(n)) for n in (1, 2, 3, 4)])
    return [
        all(run[3] < run[2] < run[1] for run in runs),
        all(run[2] < run[1] for run in runs),
        all(100 < run[1] < run[2] < run[3] and run[3] > 400 for run in runs),
        all(max(run) < 1.2 * min(run) for run in runs),
    ]


def why_add_one_evidence():
    m = _Models(0)
    better = m.perplexity(m.mixed(2)) < 0.7 * m.perplexity(m.added(2))
    known = m.tables[1][0]
    unseen = ("?", "?", "?")
    frequent, rare = "the", min(known, key=known.get)[0]
    by_frequency = m.mixed(2)(unseen, frequent) > 50 * m.mixed(2)(unseen, rare)
    alike = m.added(2)(unseen, frequent) == m.added(2)(unseen, rare)
    total = sum(m.added(2)(("a", "of", "the"), gram[0]) for gram in known)
    return [total > 1.001, None, better and by_frequency and alike, None]


def autocomplete_evidence():
    """Frequencies without smoothing: perplexity on the training text itself, and how much of new text is known."""
    train, known, next_one = [], [], []
    for held in range(3):
        m = _Models(held)
        train.append([m.perplexity(m.added(n, 0.0), m.train) for n in (2, 3, 4)])
        known.append([m.known(n) for n in (2, 4)])
        grams, contexts = _counts(m.train, 6)
        next_one.append(len(grams) / len(contexts))
    by_train = not all(ratio < 1.05 for ratio in next_one)  # would n = 6 still tell anything?
    by_context = all(run[2] < 1.5 < run[0] for run in train) and all(k[0] > 0.9 > 0.4 > k[1] for k in known)
    return [by_train, None, by_context, None]


def how_many_draw(rng):
    while True:
        running, types = (
            rng.choice([200, 500, 1000, 2000, 5000]),
            rng.choice([12, 20, 27, 40, 60, 90, 300, 700]),
        )
        if types >= running:
            continue
        few = running - 1 < types**2
        values = {
            "answer": running - 1 if few else types**2,
            "ordered": running * (running - 1),
            "other_bound": types**2 if few else running - 1,
            "no_doubles": types * (types - 1),
        }
        ordered = sorted(values.values())
        if all(b > 1.004 * a for a, b in zip(ordered, ordered[1:], strict=False)):
            break
    spaces = (
        f"{running} words have {running - 1} pairs of neighbours, and V² are possible."
        if few
        else f"there are {running - 1} pairs of neighbours, but only {types}² different ones are possible.",
        f"{running} 个词有 {running - 1} 对相邻的词，可能的有 V² 种。"
        if few
        else f"有 {running - 1} 对相邻的词，但可能的只有 {types}² 种。",
    )
    other = (
        f"so many are possible with {types} words, but the text has fewer pairs."
        if few
        else "so many pairs the text has, but fewer different ones are possible.",
        f"{types} 个词可能组成这么多种，但文本里的词对没有这么多。"
        if few
        else "文本里有这么多对，但可能的种类没有这么多。",
    )
    names = ("reason", "reason_zh", "other_reason", "other_reason_zh")
    return (
        {"running": running, "types": types, "before": running - 1, "types_less": types - 1}
        | values
        | dict(zip(names, (*spaces, *other), strict=True))
    )


def how_many_evidence(drawn):
    """A text that has as many different bigrams as can be: walk along pairs not yet used, as far as it goes."""
    types, running = drawn["types"], drawn["running"]
    follow, text = [types - 1] * types, [0]
    while len(text) < running:  # each word is followed by all others in turn: a walk through all V² pairs
        at = text[-1]
        text.append(follow[at] % types)
        follow[at] -= 1
    found = len(set(zip(text, text[1:], strict=False)))
    return [drawn[k] == found for k in ("answer", "ordered", "other_bound", "no_doubles")]


def smoothed_draw(rng):
    while True:
        context, size = rng.randint(20, 60), rng.choice([50, 80, 100, 200])
        pair, epsilon = rng.randint(4, context // 2), rng.choice([0.1, 0.5, 1])
        values = {
            "answer": (pair + epsilon) / (context + epsilon * size),
            "frequency": pair / context,
            "one_epsilon": (pair + epsilon) / (context + epsilon),
            "pairs": (pair + epsilon) / (context + epsilon * size**2),
        }
        ordered = sorted(values.values())
        if all(b > 1.02 * a for a, b in zip(ordered, ordered[1:], strict=False)):
            shown = {k: float(f"{v:.3g}") for k, v in values.items()}
            return {"context": context, "size": size, "pair": pair, "epsilon": epsilon} | shown


def smoothed_evidence(drawn):
    import torch

    counts = torch.zeros(drawn["size"], dtype=torch.float64)
    counts[0], counts[1] = drawn["pair"], drawn["context"] - drawn["pair"]
    p = counts + drawn["epsilon"]
    p = (p / p.sum())[0].item()
    return [abs(drawn[k] / p - 1) < 0.005 for k in ("answer", "frequency", "one_epsilon", "pairs")]


def coverage_draw(rng):
    size, top = rng.choice([5_000, 10_000, 20_000, 50_000, 100_000]), rng.choice([50, 100, 200, 500])
    harmonic = [sum(1 / r for r in range(1, n + 1)) for n in (top, size)]
    values = {
        "answer": harmonic[0] / harmonic[1],
        "uniform": top / size,
        "first": 1 / harmonic[1],
        "rest": 1 - harmonic[0] / harmonic[1],
    }
    return {"size": size, "top": top} | {k: float(f"{v:.3g}") for k, v in values.items()}


def coverage_evidence(drawn):
    import torch

    f = 1 / torch.arange(1, drawn["size"] + 1, dtype=torch.float64)
    share = (f[: drawn["top"]].sum() / f.sum()).item()
    return [abs(drawn[k] / share - 1) < 0.01 for k in ("answer", "uniform", "first", "rest")]
