"""Experiment, draws and evidence for bleu.md."""

REFERENCE = "the committee has not approved the new budget for the coming year"
OTHER = "the panel has so far refused to accept the budget for next year"
NOW = "the committee has now approved the new budget for the coming year"
REWORDED = "the panel has so far refused to accept next year 's budget"
EXCHANGED = "the new budget for the coming year has not approved the committee"
CUT = "the committee has not approved the new budget"


def _counts(words, n):
    from collections import Counter

    return Counter(tuple(words[i : i + n]) for i in range(len(words) - n + 1))


def _matches(candidate, references, n):
    """Clipped matches, and how many n-grams the candidate has."""
    from collections import Counter

    most = Counter()
    for reference in references:
        most |= _counts(reference.split(), n)
    found = _counts(candidate.split(), n)
    return (found & most).total(), found.total()


def _bleu(candidates, references, longest=4):
    """BLEU of a test set: counts are summed first. `references`: a list for each candidate."""
    from math import exp, log

    pairs = list(zip(candidates, references, strict=True))
    c = sum(len(candidate.split()) for candidate in candidates)
    r = 0
    for candidate, given in pairs:
        size = len(candidate.split())
        r += min((abs(len(one.split()) - size), len(one.split())) for one in given)[1]
    total = 0.0
    for n in range(1, longest + 1):
        counted = [_matches(candidate, given, n) for candidate, given in pairs]
        matched, there = (sum(column) for column in zip(*counted, strict=True))
        if not matched:
            return 0.0
        total += log(matched / there) / longest
    return min(1.0, exp(1 - r / c)) * exp(total)


def experiment(off=False):
    references = [REFERENCE, OTHER] if off else [REFERENCE]
    now, reworded, exchanged, cut = (_bleu([one], [references]) for one in (NOW, REWORDED, EXCHANGED, CUT))
    assert exchanged > now > cut > 0.5, "a wrong word or exchanged parts cost little"
    if off:
        assert reworded > 0.6, "a reference in these words gives the other wording its due"
        says = (
            f"With a second reference, worded like the faithful sentence, that one rises to {reworded:.3f}. The reversed meaning "
            f"still gets {now:.3f}, the nonsense {exchanged:.3f}.",
            f"加上第二个措辞相近的参考，忠实的那句升到 {reworded:.3f}。意思相反的仍有 {now:.3f}，"
            f"不知所云的仍有 {exchanged:.3f}。",
        )
    else:
        assert reworded == 0, "other words, no matching pair"
        says = (
            f"Exchanged parts, nonsense: {exchanged:.3f}. “now” for “not”, the opposite: {now:.3f}. The end cut off: {cut:.3f}. "
            f"Faithful, in other words: {reworded:.3f}.",
            f"前后对调，不知所云：{exchanged:.3f}。“not” 变 “now”，意思相反：{now:.3f}。截掉结尾：{cut:.3f}。"
            f"忠实而换了说法：{reworded:.3f}。",
        )
    return {
        "says": says,
        "off": ("a second reference, in other words", "再加一个措辞不同的参考"),
        "charts": [
            {
                "chart": "bars",
                "title": ("BLEU-4 of four candidates", "四个候选的 BLEU-4"),
                "bars": [
                    (("parts exchanged", "前后对调"), round(exchanged, 3)),
                    (("now for not", "not 变 now"), round(now, 3)),
                    (("end cut off", "截掉结尾"), round(cut, 3)),
                    (("faithful, other words", "忠实，换了说法"), round(reworded, 3)),
                ],
            },
            {
                "chart": "text",
                "title": ("The sentences, in this order, after the reference", "依次是参考和各个候选"),
                "lines": [*references, EXCHANGED, NOW, CUT, REWORDED],
            },
        ],
    }


def worked():
    from math import exp

    reference, candidate = "he put the old book back on the table", "he put the book back on the table"
    counted = [_matches(candidate, [reference], n) for n in range(1, 5)]
    precisions = [m / t for m, t in counted]
    mean = (precisions[0] * precisions[1] * precisions[2] * precisions[3]) ** 0.25
    whole = _bleu([candidate], [[reference]])
    return [
        *(f"{m}/{t}" for m, t in counted),
        f"{mean:.3f}",
        f"{exp(1 - 9 / 8):.3f}",
        f"{whole:.3f}",
        f"{1 - whole:.2f}",
        f"{_bleu([NOW], [[REFERENCE]]):.3f}",
    ]


def not_now_evidence():
    a, b, c = (_bleu([one], [[REFERENCE]]) for one in (NOW, REWORDED, EXCHANGED))
    assert _matches(REWORDED, [REFERENCE], 2)[0] == 0
    assert sum(t - m for m, t in (_matches(NOW, [REFERENCE], n) for n in range(1, 5))) == 10
    return [b > c > a, a > b > c, b > a > c, c > a > b == 0]


def up_to_two_draw(rng):
    from math import exp

    while True:
        r = rng.randint(9, 24)
        c = r - rng.randint(1, 5)
        m1 = c - rng.randint(0, 4)
        m2 = m1 - rng.randint(1, 5)
        if m2 < 2 or c < 6:
            continue
        p1, p2, penalty = m1 / c, m2 / (c - 1), exp(1 - r / c)
        values = {
            "answer": penalty * (p1 * p2) ** 0.5,
            "no_penalty": (p1 * p2) ** 0.5,
            "arithmetic": penalty * (p1 + p2) / 2,
            "linear": c / r * (p1 * p2) ** 0.5,
        }
        found = list(values.values())
        if min(abs(x / y - 1) for i, x in enumerate(found) for y in found[:i]) > 0.022:
            names = {"c": c, "r": r, "m1": m1, "m2": m2, "pairs": c - 1}
            return names | {name: float(f"{v:.4g}") for name, v in values.items()}


def up_to_two_evidence(drawn):
    """A candidate is built that has just these matches."""
    c, m1, m2 = drawn["c"], drawn["m1"], drawn["m2"]
    import itertools

    # words 1 … r in order; the candidate takes m1 of them in runs, so that m2 of its pairs are neighbours there
    runs = m1 - m2
    strange = c - m1
    cuts = [m2 // runs + (i < m2 % runs) + 1 for i in range(runs)]
    assert sum(cuts) == m1
    # runs are laid out from the last to the first, so that no pair matches across a seam
    starts = list(itertools.accumulate([0, *cuts[:-1]]))
    words = [
        f"w{start + i}" for start, size in reversed(list(zip(starts, cuts, strict=True))) for i in range(size)
    ]
    words += [f"x{i}" for i in range(strange)]
    reference = " ".join(f"w{i}" for i in range(drawn["r"]))
    candidate = " ".join(words)
    assert _matches(candidate, [reference], 1) == (m1, c)
    assert _matches(candidate, [reference], 2) == (m2, c - 1)
    score = _bleu([candidate], [[reference]], longest=2)
    return [abs(score / drawn[name] - 1) < 0.01 for name in ("answer", "no_penalty", "arithmetic", "linear")]


def why_brevity_evidence():
    short = " ".join(REFERENCE.split()[:4])
    precise = all(m == t for m, t in (_matches(short, [REFERENCE], n) for n in range(1, 5)))
    penalised = _bleu([short], [[REFERENCE]]) < 0.2
    zero = "a committee has just approved budgets"  # it has no matching triple; the penalty is not to blame
    mended = _bleu([zero], [[zero[::-1]]]) > 0
    padded = REFERENCE + " of the committee for the year"
    gains = _bleu([padded], [[REFERENCE]]) > _bleu([REFERENCE], [[REFERENCE]])
    return [mended, gains, precise and penalised, None]


def statements_evidence():
    words = REFERENCE.split()
    short = " ".join(words[:4])
    is_recall = _matches(short, [REFERENCE], 1)[0] / _matches(short, [REFERENCE], 1)[1] == 4 / len(words)
    halves = [
        (one, " ".join(one.split()[cut:] + one.split()[:cut])) for one in (REFERENCE, OTHER) for cut in (5, 6)
    ]
    lost = [
        sum(there - matched for n in range(1, 5) for matched, there in [_matches(swapped, [one], n)])
        for one, swapped in halves
    ]
    longer = REFERENCE + " again"
    matched, there = zip(*(_matches(longer, [REFERENCE], n) for n in range(1, 5)), strict=True)
    product = 1.0
    for m, t in zip(matched, there, strict=True):
        product *= m / t
    penalised = _bleu([longer], [[REFERENCE]]) < product**0.25 - 1e-9
    candidates = (NOW, REWORDED, EXCHANGED, CUT, OTHER)
    grows = all(
        _matches(one, [REFERENCE, extra], n)[0] >= _matches(one, [REFERENCE], n)[0]
        for one in candidates
        for extra in candidates
        for n in range(1, 5)
    )
    return [is_recall, max(lost) <= 6, penalised, grows, _bleu([REWORDED], [[REFERENCE]]) > 0.9]


def many_zeros_evidence():
    """Short sentences of a novel, each with some words exchanged."""
    import random
    from math import exp
    from pathlib import Path

    text = (Path(__file__).parent / "data" / "timemachine.txt").read_text(encoding="utf-8").lower()
    words = ["".join(c for c in word if c.isalpha()) for word in text.split()]
    words = [word for word in words if word]
    found = []
    for seed in range(3):
        draw = random.Random(seed)
        references, candidates = [], []
        for _ in range(200):
            at = draw.randrange(len(words) - 8)
            sentence = words[at : at + draw.randint(6, 8)]
            references.append([" ".join(sentence)])
            candidates.append(
                " ".join(draw.choice(words) if draw.random() < 0.25 else word for word in sentence)
            )
        scores = [_bleu([c], [r]) for c, r in zip(candidates, references, strict=True)]
        zeros = [i for i, score in enumerate(scores) if score == 0]
        assert 0.3 < len(zeros) / 200 < 0.8 and _bleu(candidates, references) > sum(scores) / 200
        no_fours = all(_matches(candidates[i], references[i], 4)[0] == 0 for i in zeros)
        by_penalty = any(
            exp(1 - len(references[i][0].split()) / len(candidates[i].split())) == 0 for i in zeros
        )
        by_words = all(_matches(candidates[i], references[i], 1)[0] == 0 for i in zeros)
        found.append([by_penalty, no_fours, None, by_words])
    return [None if row[0] is None else all(row) for row in zip(*found, strict=True)]
