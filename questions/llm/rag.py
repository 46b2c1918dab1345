"""Experiment, draws and evidence for rag.md."""


def worked():
    import torch

    sentences = torch.eye(16)
    cosine = torch.nn.functional.cosine_similarity(sentences.mean(0), sentences[3], 0).item()
    index = torch.empty(10_000_000, 1024, device="meta").nbytes / 2**30
    return [
        f"{1 / 61 + 1 / 64:.4f}",
        f"{1 / 61:.4f}",
        f"{index:.1f} GiB",
        f"{cosine:.3f}",
        *(f"{w**-0.5:.3f}" for w in (64, 1024)),
    ]


def _found(seed, per_chunk, best_sentence=False, sentences=8192, width=64, questions=200, first=5):
    """Share of questions whose chunk is among the first five."""
    import torch
    from torch.nn.functional import normalize

    g = torch.Generator().manual_seed(seed)
    text = normalize(torch.randn(sentences, width, generator=g), dim=-1)
    asked = torch.randint(sentences, (questions,), generator=g)
    noise = normalize(torch.randn(questions, width, generator=g), dim=-1)
    question = normalize(text[asked] + noise, dim=-1)
    chunks = text.view(-1, per_chunk, width)
    if best_sentence:
        scores = (question @ text.T).view(questions, -1, per_chunk).amax(-1)
    else:
        scores = question @ normalize(chunks.mean(1), dim=-1).T
    top = scores.topk(first, 1).indices
    return (top == (asked // per_chunk)[:, None]).any(1).float().mean().item()


def experiment(off=False):
    lengths = [1, 2, 4, 8, 16, 32]
    runs = [[_found(seed, m, off) for m in lengths] for seed in range(3)]
    for run in runs:
        assert run[0] > 0.95, "single sentences are found"
        if off:
            assert min(run) > 0.95, "scored by its best sentence, a chunk is found at any length"
        else:
            assert all(a >= b - 0.02 for a, b in zip(run, run[1:], strict=False)), (
                "longer chunks are found less"
            )
            assert run[-1] < 0.3, "long ones rarely, though there are few of them"
    mean = [sum(run[i] for run in runs) / len(runs) for i in range(len(lengths))]
    if off:
        says = (
            f"Scored by its best sentence, the right chunk is among the first five for {mean[0]:.0%} of the questions with 1 "
            f"sentence a chunk and for {mean[-1]:.0%} with 32. The price is an index with a vector for every sentence.",
            f"按块内最相似的一句打分：每块 1 句时，{mean[0]:.0%} 的问题能在前五找到正确的块；每块 32 句时是 {mean[-1]:.0%}。代价是"
            "索引里每句都要存一个向量。",
        )
    else:
        wide = _found(0, 32, width=1024)
        assert wide > 0.9, "in wide vectors the sentence still stands out"
        says = (
            f"The right chunk is among the first five for {mean[0]:.0%} of the questions with 1 sentence a chunk, "
            f"{mean[2]:.0%} with 4, {mean[3]:.0%} with 8 and {mean[-1]:.0%} with 32 (width 64, means of 3 seeds). At width 1024 "
            f"it is still {wide:.0%} with 32. Random vectors and plain means: a trained encoder may dilute more or less.",
            f"每块 1 句时，{mean[0]:.0%} 的问题能在前五找到正确的块；4 句时 {mean[2]:.0%}，8 句时 {mean[3]:.0%}，32 句时 "
            f"{mean[-1]:.0%}（宽 64，3 个随机种子的平均）。宽 1024 时，32 句仍有 {wide:.0%}。这里用的是随机向量和简单平均，训练过的编码器冲淡的程度会有不同。",
        )
    return {
        "says": says,
        "off": (
            "a chunk is scored by its best sentence, not by its mean vector",
            "按块内最相似的一句打分，不用平均向量",
        ),
        "title": ("Right chunk among the first five", "正确的块排进前五的比例"),
        "chart": "curves",
        "x": lengths,
        "log_x": True,
        "x_label": ("sentences a chunk", "每块的句数"),
        "y_label": ("share of questions", "问题的比例"),
        "series": [(("found", "找到"), mean)],
    }


def long_chunks_evidence():
    runs = [[_found(seed, m) for m in (1, 4, 8, 32)] for seed in (10, 11, 12)]
    more = all(run[-1] > run[0] for run in runs)
    same = all(max(run) - min(run) < 0.1 for run in runs)
    optimum = all(run[2] > run[0] + 0.02 for run in runs)
    less = all(run[0] > run[1] > run[2] > run[3] for run in runs)
    assert all(_found(seed, 8, width=1024) > 0.95 for seed in (10, 11, 12)), "wide vectors bear longer chunks"
    return [more, same, optimum, less]


def cross_encoder_evidence():
    """Toy encoders on all pairs of 40 questions and 40 passages: how many rows go through a network, and whether
    vectors made beforehand could give the scores."""
    import torch

    g = torch.Generator().manual_seed(0)
    torch.manual_seed(0)
    questions, passages = (torch.randn(40, 8, generator=g, dtype=torch.float64) for _ in range(2))
    rows = {"bi": 0, "cross": 0}

    def counted(name, net):
        def run(x):
            rows[name] += x.shape[0]
            return net(x)

        return run

    bi = counted("bi", torch.nn.Linear(8, 4).double())
    cross = counted(
        "cross",
        torch.nn.Sequential(torch.nn.Linear(16, 64), torch.nn.Tanh(), torch.nn.Linear(64, 1)).double(),
    )
    with torch.no_grad():
        by_vectors = bi(questions) @ bi(passages).T
        pairs = torch.cat([questions.repeat_interleave(40, 0), passages.repeat(40, 1)], 1)
        together = cross(pairs).view(40, 40)
    vectors_do = torch.linalg.matrix_rank(together).item() <= 4 >= torch.linalg.matrix_rank(by_vectors).item()
    once_a_pair = rows == {"bi": 80, "cross": 1600} and not vectors_do
    return [None, vectors_do, once_a_pair, None]


def rrf_draw(rng):
    while True:
        a, b = rng.randint(1, 40), rng.randint(1, 40)
        values = {
            "answer": 1 / (60 + a) + 1 / (60 + b),
            "without": 1 / a + 1 / b,
            "mean_rank": 2 / (a + b),
            "one": 1 / (60 + min(a, b)),
        }
        sizes = list(values.values())
        if a != b and all(abs(x - y) > 0.04 * max(x, y) for i, x in enumerate(sizes) for y in sizes[:i]):
            return {"a": a, "b": b} | {k: float(f"{v:.3g}") for k, v in values.items()}


def rrf_evidence(drawn):
    from fractions import Fraction

    lists = [[0] * (drawn[name] - 1) + [1] for name in ("a", "b")]  # the chunk is 1, others are 0
    score = sum(Fraction(1, 60 + place) for ranked in lists for place, c in enumerate(ranked, 1) if c == 1)
    return [abs(drawn[k] / float(score) - 1) < 0.01 for k in ("answer", "without", "mean_rank", "one")]


def rerank_time_draw(rng):
    m, tokens = rng.choice([22, 110, 278, 335, 560]), rng.choice([128, 200, 256, 400, 512])
    tera, chunks = rng.choice([50, 100, 200, 400]), rng.choice([1, 2, 5, 10, 20])
    answer = 2 * m * 1e6 * tokens * chunks * 1e6 / (tera * 1e12)
    return {
        "m": m,
        "tokens": tokens,
        "tera": tera,
        "chunks": chunks,
        "hundred": float(f"{answer * 100 / (chunks * 1e6) * 1000:.3g}"),
        "answer": float(f"{answer:.4g}"),
        "one_op": float(f"{answer / 2:.4g}"),
        "training": float(f"{answer * 3:.4g}"),
        "one_token": float(f"{answer / tokens:.4g}"),
    }


def rerank_time_evidence(drawn):
    import torch
    from torch.utils.flop_counter import FlopCounterMode

    layer = torch.nn.Linear(1000, 1000, bias=False, device="meta")  # a million parameters
    with FlopCounterMode(display=False) as counter:
        layer(torch.empty(drawn["tokens"], 1000, device="meta"))
    seconds = counter.get_total_flops() * drawn["m"] * drawn["chunks"] * 1e6 / (drawn["tera"] * 1e12)
    return [abs(drawn[k] / seconds - 1) < 0.02 for k in ("answer", "one_op", "training", "one_token")]


def where_lost_evidence():
    found, chosen, read = 0.96, 0.61 / 0.96, 0.95
    now = found * chosen * read
    assert abs(now - 0.58) < 0.005
    gains = [chosen * read - now, found * read - now, found * chosen - now, 0.0]  # each stage made perfect
    return [gain == max(gains) for gain in gains]
