"""Experiment, draws and evidence for padding_masking.md."""


def _lines():
    from pathlib import Path

    text = (Path(__file__).parent / "data" / "timemachine.txt").read_text(encoding="utf-8").lower()
    kept = ("".join(c for c in line if c.isalpha() or c == " ").strip() for line in text.split("\n"))
    return [line for line in kept if line]


def _evaluate(seed, length):
    """A bigram model, counted on half of the lines: mean loss of the other half over real places, mean loss over all
    places when padded to `length`, and the share of real places."""
    import torch

    lines = _lines()
    order = torch.randperm(len(lines), generator=torch.Generator().manual_seed(seed)).tolist()
    letters = "abcdefghijklmnopqrstuvwxyz "
    pad, eos, begin, kinds = 27, 28, 29, 30

    def padded(numbers, size):
        rows = [[begin, *(letters.index(c) for c in lines[n] if c in letters), eos] for n in numbers]
        return torch.tensor([row + [pad] * (size - len(row)) for row in rows])

    train = padded(order[: len(lines) // 2], 80)
    test = padded(order[len(lines) // 2 :], length)
    counts = torch.ones(kinds, kinds)
    pairs = train[:, :-1].flatten(), train[:, 1:].flatten()
    counts.index_put_(pairs, torch.ones(()), accumulate=True)
    table = (counts / counts.sum(1, keepdim=True)).log()
    losses, real = -table[test[:, :-1], test[:, 1:]], test[:, 1:] != pad
    return losses[real].mean().item(), losses.mean().item(), real.float().mean().item()


LENGTHS = [80, 160, 320, 640, 1280]


def experiment(off=False):
    from math import exp

    runs = [[_evaluate(seed, length) for length in LENGTHS] for seed in range(3)]
    for run in runs:
        for masked, everything, share in run:
            assert abs(masked - run[0][0]) < 1e-4, "over real tokens padding changes nothing"
            assert abs(everything - share * masked) < 0.02, "over all places the loss shrinks to the share"

    def mean(position):
        return [sum(run[i][position] for run in runs) / 3 for i in range(len(LENGTHS))]

    masked, everything, share = mean(0), mean(1), mean(2)
    shown = [exp(loss) for loss in (masked if off else everything)]
    if off:
        says = (
            f"With a mask the same model has perplexity {shown[0]:.1f} at every length, also where only {share[-1]:.0%} of the "
            f"places are real. Three splits of the lines.",
            f"加了 mask，同一个模型在任何长度下困惑度都是 {shown[0]:.1f}，只有 {share[-1]:.0%} 的位置真实时也一样。三种划分。",
        )
    else:
        assert shown[-1] < 1.25 and all(a > b for a, b in zip(shown, shown[1:], strict=False)), "tends to 1"
        says = (
            f"The same model: true perplexity {exp(masked[0]):.1f}. Reported over all places it is {shown[0]:.1f} with "
            f"{share[0]:.0%} real tokens, {shown[1]:.2f} with {share[1]:.0%}, and {shown[-1]:.2f} with {share[-1]:.0%}. "
            f"Three splits of the lines.",
            f"同一个模型，真实困惑度 {exp(masked[0]):.1f}。对所有位置求平均，真实 token 占 {share[0]:.0%} 时报告 {shown[0]:.1f}，"
            f"占 {share[1]:.0%} 时 {shown[1]:.2f}，占 {share[-1]:.0%} 时 {shown[-1]:.2f}。三种划分。",
        )
    return {
        "says": says,
        "off": ("a masked mean, over real tokens alone", "带 mask 的平均，只算真实的 token"),
        "title": ("Perplexity reported for one model", "同一个模型报告的困惑度"),
        "chart": "table",
        "columns": [
            ("padded to", "补到"),
            ("real places", "真实位置"),
            ("mean loss", "平均 loss"),
            ("perplexity", "困惑度"),
        ],
        "rows": [
            [str(length), f"{s:.0%}", f"{loss:.2f}", f"{p:.2f}"]
            for length, s, loss, p in zip(LENGTHS, share, masked if off else everything, shown, strict=True)
        ],
    }


def worked():
    long, short, pads = [1.0] * 4, [3.0], [0.2] * 3
    return [
        f"{sum(long + short) / 5:.3f}",
        f"{sum(long + short + pads) / 8:.3f}",
        f"{sum(long + short) / 8:.3f}",
        f"{(sum(long) / 4 + sum(short)) / 2:.3f}",
    ]


def rosy_evidence():
    from math import exp

    true, reported = [], []
    for seed in range(3):
        real = _evaluate(seed, 80)[2] * 79  # real places a line
        masked, everything, share = _evaluate(seed, round(4 * real) + 1)
        assert abs(share - 0.25) < 0.01 and abs(exp(masked) - 11) < 1
        true.append(exp(masked))
        reported.append(exp(everything))
    mean = sum(reported) / 3
    return [abs(mean - 11) < 1, abs(mean - 3) < 0.4, abs(mean - 1.8) < 0.12, mean > 30]


def averages_draw(rng):
    while True:
        length, short = rng.randint(5, 12), rng.randint(1, 5)
        low, high, pad = rng.choice([0.8, 1.0, 1.2, 1.5]), rng.choice([2.0, 2.5, 3.0, 4.0]), 0.1
        total = length * low + short * high
        values = {
            "answer": total / (length + short),
            "unmasked": (total + (length - short) * pad) / (2 * length),
            "fixed": total / (2 * length),
            "per_text": (low + high) / 2,
        }
        found = list(values.values())
        if short < length and min(abs(a - b) for i, a in enumerate(found) for b in found[:i]) > 0.02:
            names = {"length": length, "short": short, "low": low, "high": high, "pad": pad}
            return names | {name: float(f"{v:.4g}") for name, v in values.items()}


def averages_evidence(drawn):
    import torch
    from torch.nn.functional import cross_entropy

    targets = torch.ones(2, drawn["length"], dtype=torch.long)
    targets[1, drawn["short"] :] = 0
    wanted = torch.full(targets.shape, drawn["low"])
    wanted[1] = drawn["high"]
    wanted[targets == 0] = drawn["pad"]
    logits = torch.zeros(2, 2, drawn["length"])  # two classes; the margin gives each place its loss
    margin = -(wanted.exp() - 1).log()
    logits.scatter_(1, targets[:, None], margin[:, None])
    loss = cross_entropy(logits, targets, ignore_index=0).item()
    return [abs(loss / drawn[name] - 1) < 0.005 for name in ("answer", "unmasked", "fixed", "per_text")]


def why_mask_evidence():
    import torch
    from torch import nn

    found = []
    for seed in range(3):
        with torch.random.fork_rng():
            torch.manual_seed(seed)
            head, x = nn.Linear(8, 5), torch.randn(60, 8)
        targets = torch.randint(1, 5, (60,), generator=torch.Generator().manual_seed(seed))

        def size(pads, masked, head=head, x=x, targets=targets):
            """The gradient that 20 real tokens send, beside `pads` pads whose loss is 0."""
            losses = nn.functional.cross_entropy(head(x[:20]), targets[:20], reduction="none")
            loss = losses.sum() / (20 if masked else 20 + pads)
            return torch.autograd.grad(loss, head.weight)[0].norm().item()

        shrinks = abs(size(60, False) / size(0, False) - 0.25) < 1e-4 and size(60, True) == size(0, True)
        stops = size(60, False) == 0
        found.append([None, stops, None, shrinks])
    return [None if row[0] is None else all(row) for row in zip(*found, strict=True)]


def what_it_takes_evidence():
    import torch
    from torch import nn
    from torch.nn.utils.rnn import pack_padded_sequence

    with torch.random.fork_rng():
        torch.manual_seed(0)
        embed, gru, head = nn.Embedding(9, 4, padding_idx=0), nn.GRU(4, 6, batch_first=True), nn.Linear(4, 9)
    text = torch.tensor([[4, 5, 6, 0, 0]])
    out = head(embed(text)).mT
    counted = nn.functional.cross_entropy(out, text)
    kept_out = torch.allclose(counted, nn.functional.cross_entropy(out, text, ignore_index=0))
    eos = 2
    whole = [3, 4, 5, 6, eos]
    states = gru(embed(text))[0][0]
    stays = torch.allclose(states[2], states[4], atol=1e-3)
    packed = pack_padded_sequence(embed(torch.cat([text, torch.full((1, 5), 7)])), [3, 5], True, False)
    own_last = torch.allclose(gru(packed)[1][0, 0], states[2], atol=1e-6)
    left = [row[::-1] for row in ([6, 5, 4, 0, 0], [7, 7, 7, 7, 7])]
    return [kept_out, whole[:4][-1] != eos, stays, own_last, all(row[-1] != 0 for row in left)]


def bucketing_draw(rng):
    while True:
        lengths = [rng.randint(3, 60) for _ in range(6)]
        ordered = sorted(lengths)
        longer = [max(lengths[i : i + 2]) for i in (0, 2, 4)]
        before, after = 2 * sum(longer), 2 * sum(ordered[1::2])
        values = {
            "answer": before - after,
            "rows": (before - after) // 2,
            "pads": before - sum(lengths),
            "longest": 6 * ordered[-1] - after,
        }
        if values["answer"] > 5 and len(set(values.values())) == 4 and after > sum(lengths):
            names = {"before": before, "after": after, "left": after - sum(lengths)}
            return names | values | {"lengths": ", ".join(map(str, lengths))}


def bucketing_evidence(drawn):
    import torch
    from torch.nn.utils.rnn import pad_sequence

    texts = [torch.ones(int(n)) for n in drawn["lengths"].split(", ")]

    def places(texts):
        return sum(pad_sequence(texts[i : i + 2]).numel() for i in range(0, len(texts), 2))

    saved = places(texts) - places(sorted(texts, key=len))
    return [saved == drawn[name] for name in ("answer", "rows", "pads", "longest")]


def changes_with_neighbours_evidence():
    import torch
    from torch import nn

    found = []
    for seed in range(3):
        with torch.random.fork_rng():
            torch.manual_seed(seed)
            embed, gru = nn.Embedding(9, 8), nn.GRU(8, 16, batch_first=True)
            head = nn.Linear(16, 2)
            head.weight.data *= 8
            review = torch.randint(1, 9, (1, 5))
        longer = torch.cat([review, torch.zeros(1, 25, dtype=torch.long)], 1)

        def score(text, at, embed=embed, gru=gru, head=head):
            return head(gru(embed(text))[0][:, at]).softmax(-1)[0, 0].item()

        moved, own = abs(score(longer, -1) - score(review, -1)), abs(score(longer, 4) - score(review, -1))
        rows = gru(embed(longer.expand(7, -1)))[0][0], gru(embed(longer))[0][0]
        rounding = (rows[0] - rows[1]).abs().max().item()
        found.append([None, moved > 0.02 > 1e-4 > own, rounding > 1e-3, None])
    return [None if row[0] is None else all(row) for row in zip(*found, strict=True)]
