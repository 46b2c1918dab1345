"""Experiment, draws and evidence for tokenize_vocab.md."""


def _chapters():
    """The words of each of the three chapters, in lower case."""
    import re
    from pathlib import Path

    text = (Path(__file__).parent / "data" / "timemachine.txt").read_text(encoding="utf-8")
    parts = re.split(r"^[IV]+$", text, flags=re.MULTILINE)[1:]
    return [re.findall(r"[a-z]+", part.lower()) for part in parts]


def _splits(characters=False):
    """Each chapter once as the test text: counts of the other two, and the test's units."""
    from collections import Counter

    chapters = _chapters()
    if characters:
        chapters = [list("".join(words)) for words in chapters]
    for held in range(3):
        train = [unit for i, part in enumerate(chapters) if i != held for unit in part]
        yield Counter(train), chapters[held]


def _merges(counts, count):
    """The first merges of BPE on words with counts, each with how often its pair occurred."""
    from collections import Counter, defaultdict

    words, pairs, where = [(list(w), n) for w, n in counts.items()], Counter(), defaultdict(set)

    def count_pairs(k, sign):
        parts, n = words[k]
        for pair in zip(parts, parts[1:], strict=False):
            pairs[pair] += sign * n
            where[pair].add(k)

    for k in range(len(words)):
        count_pairs(k, 1)
    found = []
    for _ in range(count):
        best = max(pairs, key=lambda pair: (pairs[pair], pair))
        found.append((best, pairs[best]))
        for k in list(where[best]):
            count_pairs(k, -1)
            words[k] = _merged(words[k][0], best), words[k][1]
            count_pairs(k, 1)
        del pairs[best]
    return found


def _merged(parts, pair):
    cut, i = [], 0
    while i < len(parts):
        here = (*parts[i : i + 2],) == pair
        cut.append("".join(pair) if here else parts[i])
        i += 1 + here
    return cut


def _cut(word, merges):
    """A word, cut by applying the merges in their order."""
    parts = list(word)
    rank = {pair: i for i, (pair, _n) in enumerate(merges)}
    while pairs := [pair for pair in zip(parts, parts[1:], strict=False) if pair in rank]:
        parts = _merged(parts, min(pairs, key=rank.get))
    return parts


def _lengths(sizes):
    """For each chapter held out and each number of merges: tokens a word, of all its words and of those that are new."""
    found = []
    for counts, test in _splits():
        merges = _merges(counts, max(sizes))
        new = [word for word in test if word not in counts]
        row = []
        for size in sizes:
            tokens = {word: len(_cut(word, merges[:size])) for word in set(test)}
            row.append([sum(tokens[w] for w in words) / len(words) for words in (test, new)])
        found.append(row)
    return found


def worked():
    from collections import Counter

    words, shown = {("t", "h", "e"): 3, ("t", "h", "e", "n"): 2, ("h", "e", "n"): 1}, []
    letters = sum(len(w) * n for w, n in words.items())
    for _ in range(3):
        pairs = Counter()
        for word, n in words.items():
            for pair in zip(word, word[1:], strict=False):
                pairs[pair] += n
        (a, b), n = pairs.most_common(1)[0]
        shown.append(f"({a}, {b}) {n}")
        merged = {}
        for word, n in words.items():
            cut, i = [], 0
            while i < len(word):
                pair = word[i : i + 2] == (a, b)
                cut.append(a + b if pair else word[i])
                i += 1 + pair
            merged[tuple(cut)] = n
        words = merged
    running = [word for part in _chapters() for word in part]
    counts = Counter(running)
    once = sum(n == 1 for n in counts.values())
    tokens = sum(len(w) * n for w, n in words.items())
    merges = _merges(counts, 300)
    assert ["".join(pair) for pair, _n in merges[:4]] == [
        "th",
        "in",
        "the",
        "an",
    ] and "machinery" not in counts
    assert all(len(_cut(word, merges)) == 1 for word in ("traveller", "machine"))
    novel = [*(str(n) for _pair, n in merges[:4]), "·".join(_cut("machinery", merges))]
    return [*shown, str(letters), f"{tokens} ", f"{len(running):,}", f"{len(counts):,}", f"{once:,}", *novel]


def experiment(off=False):
    cuts = [1, 2, 3, 5, 8]
    unknown, kept = ([[] for _ in cuts] for _ in range(2))
    for counts, test in _splits(characters=off):
        for i, cut in enumerate(cuts):
            unknown[i].append(sum(counts[unit] < cut for unit in test) / len(test))
            kept[i].append(sum(n >= cut for n in counts.values()))
    if off:
        assert max(unknown[0]) == 0, "with characters nothing is unknown"
    else:
        assert min(unknown[0]) > 0.2 and max(unknown[0]) < 0.27, "about a quarter of a new chapter is unknown"
        assert min(unknown[-1]) > 0.4, "and a cut-off makes it more"
    missing = [sum(shares) / 3 for shares in unknown]
    size = sum(kept[0]) / 3
    if off:
        says = (
            f"With characters the vocabulary of two chapters has {size:.0f} entries, and {missing[0]:.0%} of the third chapter's "
            f"characters are missing (each chapter held out once).",
            f"按字符切，两章的词表有 {size:.0f} 项，第三章的字符里查不到的占 {missing[0]:.0%}（三章轮流留作测试）。",
        )
    else:
        says = (
            f"With all {size:,.0f} words of two chapters as vocabulary, {missing[0]:.0%} of the running words of the third are "
            f"unknown (each chapter held out once: {min(unknown[0]):.0%} to {max(unknown[0]):.0%}). Keep words from 5 occurrences "
            f"on, {sum(kept[3]) / 3:.0f} of them, and it is {missing[3]:.0%}.",
            f"把两章的全部 {size:,.0f} 个不同的词放进词表，第三章仍有 {missing[0]:.0%} 的词查不到（三章轮流留作测试："
            f"{min(unknown[0]):.0%} 到 {max(unknown[0]):.0%}）。只保留出现 5 次以上的 {sum(kept[3]) / 3:.0f} 个词，则是 {missing[3]:.0%}。",
        )
    table = {
        "title": ("What a new chapter has that the vocabulary has not", "新的一章里有多少查不到"),
        "chart": "table",
        "columns": [
            ("kept from", "至少出现"),
            ("entries", "词表项数"),
            ("unknown in a new chapter", "新一章里查不到的比例"),
        ],
        "rows": [[cut, f"{sum(kept[i]) / 3:.0f}", f"{100 * missing[i]:.1f} %"] for i, cut in enumerate(cuts)],
    }
    label = ("characters in place of words", "按字符切，而不是按词")
    if off:
        return {"says": says, "off": label, "charts": [table]}
    sizes = [0, 100, 300, 500]
    lengths = _lengths(sizes)
    every, new = ([sum(row[i][k] for row in lengths) / 3 for i in range(len(sizes))] for k in (0, 1))
    assert all(row[-1][0] < 2 and row[-1][1] < 4 for row in lengths), "BPE writes new words in a few pieces"
    subwords = {
        "title": (
            "BPE learned on two chapters: tokens a word in the third",
            "两章上学的 BPE：第三章每个词的 token 数",
        ),
        "chart": "table",
        "columns": [
            ("merges", "合并次数"),
            ("all words", "所有的词"),
            ("words not seen before", "没见过的词"),
        ],
        "rows": [[n, f"{a:.2f}", f"{b:.2f}"] for n, a, b in zip(sizes, every, new, strict=True)],
    }
    says = (
        f"{says[0]} With BPE of {sizes[-1]} merges nothing is unknown: {every[-1]:.1f} tokens a word, {new[-1]:.1f} for new ones.",
        f"{says[1]}换成 {sizes[-1]} 次合并的 BPE，就没有查不到的：平均每个词 {every[-1]:.1f} 个 token，没见过的词 {new[-1]:.1f} 个。",
    )
    return {"says": says, "off": label, "charts": [table, subwords]}


def new_words_evidence():
    letters, cut = zip(*_lengths([0, 500]), strict=True)
    words, new, spelled = [row[0] for row in cut], [row[1] for row in cut], [row[1] for row in letters]
    assert all(abs(mean - 1.8) < 0.15 for mean in words) and all(abs(mean - 6.8) < 0.3 for mean in spelled)
    return [
        all(mean < 1.05 for mean in new),
        all(abs(mean - 1.8) < 0.3 for mean in new),
        all(abs(mean - 3.5) < 0.25 for mean in new),
        all(abs(mean - 6.8) < 0.5 for mean in new),
    ]


def unseen_evidence():
    shares, types, frequent = [], [], []
    for counts, test in _splits():
        shares.append(sum(word not in counts for word in test) / len(test))
        types.append(len(set(test) - set(counts)) / len(set(test)))
        total = sum(counts.values())
        frequent.append(sum(n for _w, n in counts.most_common(100)) / total)
    once = [sum(n == 1 for n in counts.values()) / sum(counts.values()) for counts, _test in _splits()]
    assert min(types) > 0.5 and min(frequent) > 0.5  # what the feedback says
    assert all(0.14 < rate < share for rate, share in zip(once, shares, strict=True))
    return [
        min(shares) > 0.5,
        max(shares) < 0.1,
        max(shares) < 0.01,
        all(abs(share - 0.23) < 0.03 for share in shares),
    ]


def corpus_or_vocab_evidence():
    from collections import Counter

    corpus = [word for part in _chapters() for word in part]
    counts = Counter(corpus)
    ids = {word: i for i, (word, _n) in enumerate(counts.most_common())}
    encoded = [ids[word] for word in corpus]
    once = len(ids) == len(set(corpus)) < len(corpus) == len(encoded)
    only_kind = len(encoded) != len(corpus)  # would encoding change what the corpus is?
    return [only_kind, False, once, None]


def rebuilt_evidence():
    """The same code on another text: how many common words keep their ids?"""
    from collections import Counter

    tables = []
    for words in _chapters()[:2]:
        tables.append({word: i for i, (word, _n) in enumerate(Counter(words).most_common(500))})
    common = set(tables[0]) & set(tables[1])
    moved = sum(tables[0][word] != tables[1][word] for word in common) / len(common)
    return [None, None, moved > 0.9, len(tables[0]) != len(tables[1])]


def entries_draw(rng):
    while True:
        counts = sorted((rng.randint(1, 9) for _ in range(5)), reverse=True)
        counts = [rng.randint(20, 40), *counts]
        least = rng.choice([2, 3, 4, 5])
        kept = [n for n in counts if n >= least]
        values = {
            "answer": len(kept) + 2,
            "strict": sum(n > least for n in counts) + 2,
            "kept": len(kept),
            "running": sum(kept) + 2,
        }
        if least in counts and len(set(values.values())) == 4:
            return {"least": least} | {f"c{i + 1}": n for i, n in enumerate(counts)} | values


def entries_evidence(drawn):
    text = [f"w{i}" for i in range(1, 7) for _ in range(drawn[f"c{i}"])]
    table = {"<pad>": 0, "<unk>": 1}
    for word in text:
        if word not in table and text.count(word) >= drawn["least"]:
            table[word] = len(table)
    return [drawn[k] == len(table) for k in ("answer", "strict", "kept", "running")]


def per_character_draw(rng):
    from math import log

    loss, length = rng.randint(20, 45) / 10, rng.randint(34, 48) / 10
    values = {
        "answer": loss / length / log(2),
        "nats": loss / length,
        "token": loss / log(2),
        "wrong_way": loss / length * log(2),
    }
    return {"loss": loss, "length": length} | {k: float(f"{v:.3g}") for k, v in values.items()}


def per_character_evidence(drawn):
    from math import exp, log2

    tokens = 1000
    bits = -log2(exp(-drawn["loss"])) * tokens  # of the whole text
    each = bits / (tokens * drawn["length"])
    return [abs(drawn[k] / each - 1) < 0.01 for k in ("answer", "nats", "token", "wrong_way")]


def two_teams_evidence():
    """Unigram models with a cut-off, nothing else: perplexity, and again with each <unk> charged for its word."""
    from math import exp, log

    falls, gone = [], []
    for counts, test in _splits():
        found = []
        for cut in (2, 20):
            rare = sum(n < cut for n in counts.values())
            model = {w: n for w, n in counts.items() if n >= cut}
            unknown = sum(n for n in counts.values() if n < cut)
            total = sum(model.values()) + unknown
            plain = sum(log(total / model.get(w, unknown)) for w in test) / len(test)
            charged = plain + sum(w not in model for w in test) / len(test) * log(rare)
            found.append((exp(plain), exp(charged)))
        (fine, fine_charged), (coarse, coarse_charged) = found
        falls.append(coarse < fine / 3)
        gone.append(coarse_charged > 0.95 * fine_charged)
    really_better = not any(gone)
    return [really_better, None, all(falls) and all(gone), None]


def special_evidence():
    import torch
    from torch.nn.functional import cross_entropy

    logits = torch.tensor([[2.0, 0.0, 0.0], [0.0, 0.5, 0.0], [9.0, 0.0, 0.0], [9.0, 0.0, 0.0]])
    target = torch.tensor([1, 1, 0, 0])  # two tokens, two pads, which are easy
    honest, flattered = (cross_entropy(logits, target, ignore_index=i) for i in (0, -100))
    table = torch.nn.Embedding(4, 2)
    table(torch.tensor([0, 2, 3])).sum().backward()  # a training text without id 1, <unk>
    untrained = bool((table.weight.grad[1] == 0).all())
    text = "naïve 🙂 tiem"
    bytes_only = bytes(list(text.encode())).decode() == text
    ends = bool((table.weight.grad[3] != 0).any())
    return [ends, bool(flattered >= honest), untrained, False, bytes_only]
