"""Runs the claims about coins."""


def heads_draw(rng):
    n = 4 * rng.randint(2, 40)
    return {"n": n, "half": n // 2, "quarter": n // 4}


def heads_evidence(drawn):
    import itertools

    mean = sum(map(sum, itertools.product((0, 1), repeat=4))) / 16 * drawn["n"] / 4
    return [mean == drawn[name] for name in ("half", "n", "quarter")]


def memory_evidence():
    import itertools

    after = [tosses[3] for tosses in itertools.product((0, 1), repeat=4) if sum(tosses[:3]) == 3]
    share = sum(after) / len(after)
    return [share == 0.5, share < 0.5, share > 0.5]


def worked():
    return [str(0.5**3)]


def experiment(off=False):
    import random

    rng = random.Random(0)
    tosses = [off or rng.random() < 0.5 for _toss in range(4000)]
    shares = [sum(tosses[:n]) / n for n in (10, 100, 1000, 4000)]
    if off:
        assert shares == [1.0] * 4, "a coin with two heads has nothing to settle"
    else:
        assert abs(shares[-1] - 0.5) < 0.05, "the share settles at one half"
    return {
        "says": (f"After 4000 tosses the share is {shares[-1]:.3f}.", f"4000 次之后比例是 {shares[-1]:.3f}。"),
        "off": ("a coin with two heads", "两面都是正面的硬币"),
        "charts": [
            {"chart": "curves", "title": ("Share of heads", "正面的比例"), "x": [10, 100, 1000, 4000],
             "x_label": ("tosses", "次数"), "log_x": True, "series": [(("share", "比例"), shares), ("½", [0.5] * 4)]},
            {"chart": "bars", "bars": [("10", shares[0]), ("4000", shares[-1])], "unit": ""},
            {"chart": "table", "columns": ["n", ("share", "比例")], "rows": [[10, shares[0]], [4000, shares[-1]]]},
            {"chart": "picture", "values": [[float(t) for t in tosses[i : i + 8]] for i in (0, 8)], "rows": ["1-8", "9-16"]},
            {"chart": "text", "lines": ["".join("HT"[not t] for t in tosses[:20]), ("heads and tails", "正与反")]},
        ],
    }  # fmt: skip
