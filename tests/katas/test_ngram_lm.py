"""Grades katas/ngram_lm.py."""

import random
from collections import Counter
from copy import deepcopy

import torch

from dlkata.suite import data_file, holds, not_reseeded, same

WORDS = ["the", "a", "cat", "dog", "Sat", "on", "mat"]
WEIGHTS = {1: [1.0], 2: [0.3, 0.7], 3: [0.1, 0.25, 0.65], 4: [0.1, 0.2, 0.3, 0.4]}
LARGEST = 1 - 2**-53  # of what random() returns


def text(seed, count=9):
    """Sentences of a few words, some of which follow each other more often than others; one is empty."""
    rng = random.Random(seed)
    sentences = [["the", "cat", "the", "cat", "Sat"], [], ["mat"]]
    for _ in range(count):
        sentence = [rng.choice(WORDS[:5])]
        while rng.random() > 0.22:
            step = rng.choice((1, 1, 2, 3))
            sentence.append(WORDS[(WORDS.index(sentence[-1]) + step) % len(WORDS)])
        sentences.append(sentence)
    return [*sentences, list(WORDS)]


def contexts(seed, count=3):
    rng = random.Random(seed + 7)
    drawn = [rng.choices(WORDS, k=rng.randint(1, 5)) for _ in range(count)]
    known = [["the"], ["the", "cat"], ["cat", "the"], ["the", "cat", "the"], WORDS[:4], WORDS[:6]]
    return [[], *known, ["mat", "mat", "mat"], ["unheard"], *drawn]


def real(values):
    """Numbers as a float64 tensor."""
    for value in values:
        plain = isinstance(value, (int, float)) and not isinstance(value, bool)
        holds(
            plain,
            f"A plain number was promised, not {type(value).__name__}.",
            f"题目要求返回普通的数，而不是 {type(value).__name__}。",
            value="a number" if plain else type(value).__name__,
            name="returned",
        )
    return torch.tensor([float(value) for value in values], dtype=torch.float64)


def models(candidate, reference, sentences, *arguments, **options):
    return [m.NgramLM(deepcopy(sentences), *arguments, **options) for m in (candidate, reference)]


def same_table(pair, seed, name):
    """The probability of every token in several contexts: a row a context."""
    words = [*WORDS, "</s>"]
    found = [
        torch.stack([real([lm.prob(w, list(context)) for w in words]) for context in contexts(seed)])
        for lm in pair
    ]
    same(*found, f"p, {name}")


def same_values(pair, ask, name, **options):
    mine, theirs = (real(ask(lm)) for lm in pair)
    same(mine, theirs, name, **options)


def test_example(candidate, reference):
    """The example of the statement comes out
    题目中的例子结果正确"""
    sentences = [["the", "cat"], ["the", "dog"], ["a", "cat"]]
    pair = models(candidate, reference, sentences, n=2)
    same(*(str(list(lm.vocab)) for lm in pair), "vocab")
    grams = ["the", "cat"], ["<s>", "the"], ["</s>"]
    same_values(pair, lambda lm: [lm.count(gram) for gram in grams], "count")
    same_values(pair, lambda lm: [lm.prob("the", []), lm.prob("dog", ["the"])], "prob")
    same_values(pair, lambda lm: [lm.perplexity([["the", "cat"]])], "perplexity")
    same(*(lm.next_token(["the"], 0.6) for lm in pair), "next_token")
    for options in ({"k": 1}, {"weights": [0.25, 0.75]}):
        pair = models(candidate, reference, sentences, 2, **options)
        same_values(pair, lambda lm: [lm.prob("dog", ["the"])], f"prob, {options}")


def test_vocab(candidate, reference, seed):
    """vocab lists the tokens in the order of strings, then </s>
    vocab 按字符串次序列出 token，最后是 </s>"""
    cases = [text(seed), [["b", "a"], ["B", "10", "9", "é", "~"]], [["one"]], [[]]]
    for n in (1, 2, 3):
        mine, theirs = (
            [written(m.NgramLM(deepcopy(case), n).vocab, "vocab") for case in cases]
            for m in (candidate, reference)
        )
        same(mine, theirs, f"vocab, n = {n}, text")


def test_counts(candidate, reference, seed):
    """Every predicted place counts one j-gram for each j up to n
    每个被预测的位置，对 n 以内的每个 j 计一个 j-gram"""
    grams = [[w] for w in (*WORDS, "</s>", "<s>", "unheard")]
    grams += [[v, w] for v in ("<s>", "the", "cat", "mat") for w in ("the", "cat", "mat", "</s>", "<s>")]
    grams += [["<s>", "<s>", w] for w in ("the", "mat", "</s>")]
    grams += [["<s>", "the", "cat"], ["the", "cat", "the"], ["cat", "the", "cat"], ["on", "mat", "</s>"]]
    grams += [["the", "</s>", "the"], ["<s>", "<s>", "<s>"], ["<s>", "mat", "</s>"]]
    for n in (1, 2, 3):
        asked = [gram for gram in grams if len(gram) <= n]
        pair = models(candidate, reference, text(seed), n)
        same_values(pair, lambda lm, asked=asked: [lm.count(gram) for gram in asked], f"count, n = {n}")


def test_frequencies(candidate, reference, seed):
    """Without smoothing p is a relative frequency, 1/V after an unseen context
    不平滑时 p 是相对频率；没见过的上下文之后是 1/V"""
    for n in (1, 2, 3, 4):
        same_table(models(candidate, reference, text(seed), n), seed, f"n = {n}")


def test_add_k(candidate, reference, seed):
    """Smoothing adds k to each count, and kV below
    平滑给每个计数加 k，分母加 kV"""
    for n in (1, 2, 3):
        for k in (1, 0.3, 2.5):
            same_table(models(candidate, reference, text(seed), n, k), seed, f"n = {n}, k = {k}")


def test_interpolation(candidate, reference, seed):
    """Weights mix the orders, single tokens first
    weights 混合各阶，单个 token 在最前"""
    for n in (1, 2, 3, 4):
        pair = models(candidate, reference, text(seed), n, weights=WEIGHTS[n])
        same_table(pair, seed, f"n = {n}, weights = {WEIGHTS[n]}")
    for weights in ([0.0, 1.0, 0.0], (1.0, 0.0, 0.0), (0.5, 0.0, 0.5)):
        pair = models(candidate, reference, text(seed), 3, weights=weights)
        same_table(pair, seed, f"n = 3, weights = {weights}")


def test_both(candidate, reference, seed):
    """Smoothing holds for every order that is mixed
    混合的每一阶都要平滑"""
    for n in (2, 3):
        for k in (1, 0.2):
            pair = models(candidate, reference, text(seed), n, k=k, weights=WEIGHTS[n])
            same_table(pair, seed, f"n = {n}, k = {k}, weights = {WEIGHTS[n]}")


def test_sums(candidate, seed):
    """After every context the probabilities sum to 1
    任何上下文之后，概率之和为 1"""
    for n in (1, 2, 3):
        for options in ({}, {"k": 0.7}, {"weights": WEIGHTS[n]}, {"k": 0.7, "weights": WEIGHTS[n]}):
            lm = candidate.NgramLM(text(seed), n, **options)
            sums = real([sum(lm.prob(w, context) for w in [*WORDS, "</s>"]) for context in contexts(seed)])
            holds(
                bool((sums - 1).abs().max() < 1e-9),
                "The probabilities of all tokens after a context do not sum to 1.",
                "某个上下文之后，所有 token 的概率之和不是 1。",
                value=sums,
                name=f"sums, n = {n}, {options}",
            )


def test_log_prob(candidate, reference, seed):
    """A sentence's log-probability covers all its tokens and the end
    句子的对数概率包括所有 token 和结尾"""
    asked = [*text(seed, 2), *text(seed + 1, 2)]
    for n in (1, 2, 3):
        for options in ({"k": 0.4}, {"weights": WEIGHTS[n]}):
            pair = models(candidate, reference, text(seed), n, **options)
            mine, theirs = (real([lm.log_prob(list(s)) for s in asked]) for lm in pair)
            same(mine, theirs, f"log_prob, n = {n}, {options}", nonfinite=True)


def test_impossible(candidate, reference, seed):
    """Where a probability is 0, the logarithm is −∞ and the perplexity ∞
    有概率为 0 时，对数是 −∞，困惑度是 ∞"""
    asked = [["cat", "the", "the"], ["the"], ["the", "cat"], ["mat", "the"]]
    for n in (2, 3):
        pair = models(candidate, reference, [["the", "cat"], ["cat", "mat"], ["mat"]], n)
        mine, theirs = (real([lm.log_prob(s) for s in asked]) for lm in pair)
        same(mine, theirs, f"log_prob, n = {n}", nonfinite=True)
        mine, theirs = (real([lm.perplexity(asked), lm.perplexity([["mat"], ["the", "cat"]])]) for lm in pair)
        same(mine, theirs, f"perplexity, n = {n}", nonfinite=True)


def test_perplexity(candidate, reference, seed):
    """Perplexity is taken over all predicted places of all sentences together
    困惑度对所有句子的所有被预测位置一起算"""
    asked = [text(seed + 2), text(seed + 3, 2), [["the"]], [[]], [["cat", "mat"], [], [*WORDS, *WORDS]]]
    for n in (1, 2, 3):
        for options in ({"k": 0.4}, {"k": 0.05, "weights": WEIGHTS[n]}):
            pair = models(candidate, reference, text(seed), n, **options)
            ask = lambda lm: [lm.perplexity(deepcopy(sentences)) for sentences in asked]  # noqa: E731
            same_values(pair, ask, f"perplexity, n = {n}, {options}")


def test_long_text(candidate, reference, seed):
    """Texts whose probability is far below the smallest float have a perplexity like any other
    文本的概率远小于最小的浮点数时，困惑度照样算得出"""
    long = [w for sentence in text(seed, 40) for w in sentence] * 9
    for pair in (models(candidate, reference, text(seed), 2, 0.5),):
        same_values(pair, lambda lm: [lm.log_prob(long), lm.perplexity([long] * 2)], "log_prob, perplexity")


def test_next_token(candidate, reference, seed):
    """u chooses the first token at which the sum of probabilities exceeds it
    u 选中累加概率首次超过它的那个 token"""
    rng = random.Random(seed)
    us = [0.0, 0.999, *(rng.random() for _ in range(6))]
    for n in (1, 2, 3):
        for options in ({}, {"k": 0.4}, {"weights": WEIGHTS[n]}):
            pair = models(candidate, reference, text(seed), n, **options)
            found = [
                [" ".join(map(str, (lm.next_token(list(c), u) for u in us))) for c in contexts(seed, 1)]
                for lm in pair
            ]
            same(*found, f"next_token, n = {n}, {options}, context")


def test_edges(candidate, reference):
    """A token of probability 0 is never chosen; a sum equal to u does not exceed it
    概率为 0 的 token 绝不会被选中；总和恰好等于 u 不算超过"""
    quarters = [["b", "x"], ["c", "x"], ["e", "x"], ["e", "a"]]
    thirds = [[w] for w in "bcdefghijk"] + [["zz", "a"]] * 4
    found = []
    for module in (candidate, reference):
        lm, uneven = module.NgramLM(quarters, 2), module.NgramLM(thirds, 2)
        known = [lm.next_token([], u) for u in (0.0, 0.125, 0.25, 0.375, 0.5, 0.75, LARGEST)]
        known += [lm.next_token(["e"], u) for u in (0.0, 0.5, LARGEST)]
        known += [uneven.next_token([], u) for u in (0.0, LARGEST)]
        found.append(" ".join(map(str, known)))
    same(*found, "next_token")


def test_sample(candidate, reference, seed):
    """Sampling walks from token to token, one random number each, until </s>
    采样逐个 token 进行，每个用一个随机数，直到 </s>"""
    for n in (1, 2, 3, 4):
        for options in ({}, {"k": 0.2}, {"weights": WEIGHTS[n]}):
            found = []
            for lm in models(candidate, reference, text(seed), n, **options):
                rng = random.Random(seed)
                drawn = [written(lm.sample(rng)) for _ in range(5)]
                found.append([*drawn, f"{rng.random():.6f}"])
            labels = [*(f"sample {i}, n = {n}, {options}" for i in range(5)), "the next random number"]
            same(*found, labels)


def written(tokens, name="sample"):
    holds(
        isinstance(tokens, list),
        f"{name} is of the type {type(tokens).__name__}, not a list.",
        f"{name} 的类型是 {type(tokens).__name__}，不是列表。",
        value="list" if isinstance(tokens, list) else type(tokens).__name__,
        name="returned",
    )
    return " ".join(map(repr, tokens))


def test_max_tokens(candidate, reference, seed):
    """max_tokens limits the tokens, and no number is drawn after the last; without it the limit is 20
    max_tokens 限制 token 的个数，最后一个之后不再抽随机数；不传时为 20"""
    endless = [["a", "b"] * 60]
    for limits in ((), (0,), (1,), (3,), (25,)):
        found = []
        for lm in models(candidate, reference, endless, 2):
            rng = random.Random(seed)
            found.append([written(lm.sample(rng, *limits)), f"{rng.random():.6f}"])
        same(*found, [f"sample, max_tokens = {limits}", "the next random number"])


def test_generators(candidate, reference, seed):
    """Sentences may come from a generator, as tuples too
    句子可以来自生成器，也可以是元组"""
    found = []
    for module in (candidate, reference):
        lm = module.NgramLM((tuple(s) for s in text(seed)), 3, 0.5, (0.2, 0.3, 0.5))
        values = [lm.perplexity(tuple(s) for s in text(seed + 1)), lm.log_prob(("the", "cat"))]
        values += [lm.prob("cat", ("a", "the")), lm.count(("the", "cat", "the")), lm.count(("the",))]
        found.append([real(values), lm.next_token(("the", "cat"), 0.4), str(list(lm.vocab))])
    same(*found, ["values", "next_token", "vocab"])


def test_by_name(candidate, reference, seed):
    """Arguments go by name
    参数可按名字传入"""
    found = []
    for module in (candidate, reference):
        lm = module.NgramLM(weights=[0.4, 0.6], k=0.1, n=2, sentences=text(seed))
        values = [lm.prob(context=["the"], token="cat"), lm.count(ngram=["the", "cat"])]
        values += [lm.log_prob(sentence=["a", "dog"]), lm.perplexity(sentences=[["a"]])]
        drawn = written(lm.sample(max_tokens=4, rng=random.Random(seed)))
        found.append([real(values), lm.next_token(u=0.3, context=["a"]), drawn])
    same(*found, ["values", "next_token", "sample"])


def answers(lm):
    asked = (["the"], ["unheard", "cat"], [])
    values = [lm.prob(w, c) for w in ("cat", "the", "</s>") for c in asked]
    values += [
        lm.count(["the"]),
        lm.count(["the", "unheard"]),
        lm.count(["unheard"]),
        lm.log_prob(["the", "cat"]),
    ]
    return torch.cat([real(values), real([len(lm.vocab), lm.perplexity([["a", "the"], []])])])


def test_nothing_kept(candidate, seed):
    """Inputs stay as they are; neither questions nor later edits of them change the model
    输入保持不变；无论提问，还是之后修改输入，都不影响模型"""
    sentences, weights = text(seed), [0.3, 0.7]
    before = deepcopy((sentences, weights))
    lm = candidate.NgramLM(sentences, 2, 0.1, weights)
    first = answers(lm)
    context, sentence = ["the", "cat"], ["a", "dog"]
    lm.next_token(context, 0.7)
    lm.perplexity([sentence, ["mat"] * 4])
    lm.log_prob(sentence)
    lm.sample(random.Random(seed)).append("spoiled")
    kept = (sentences, weights, context, sentence) == (*before, ["the", "cat"], ["a", "dog"])
    holds(kept, "A list that was passed in is no longer what it was.", "传入的列表被改动了。", name="inputs")
    weights[0], weights[1] = 5.0, -4.0
    sentences[0] *= 3
    sentences.append(["new"])
    second = answers(lm)
    holds(
        bool((first - second).abs().max() < 1e-9),
        "The model answers otherwise after some questions, and after its inputs were edited.",
        "提问几次、并修改了当初传入的列表之后，模型的回答变了。",
        value=torch.stack([first, second]),
        name="first and second answers",
    )
    not_reseeded(lambda: (torch.rand(2), lm.sample(random.Random(3))))


def test_two_models(candidate, reference, seed):
    """Several models stand beside each other
    可以同时存在多个模型"""
    found = []
    for module in (candidate, reference):
        one = module.NgramLM(text(seed), 2, 0.1)
        two = module.NgramLM([["the", "mat", "cat"], ["a", "dog"]], 3, weights=WEIGHTS[3])
        three = module.NgramLM([["cat", "a", "the"]], 2)
        found.append([answers(one), answers(two)[:9], real([three.count(["the"]), three.prob("a", ["cat"])])])
    same(*found, ["first model", "second model", "third model"])


def novel():
    """Chapters of a novel as sentences of words, those that are rare replaced; training and held-out part."""
    raw = data_file(__file__, "time_machine.txt").read_text(encoding="utf-8").lower()
    sentences = [sentence.split() for sentence in raw.replace("\n", " ").split(".")]
    train, test = sentences[:230], sentences[230:250]
    seen = Counter(word for sentence in train for word in sentence)
    often = {word for word, count in seen.items() if count > 2}
    return [[[w if w in often else "<unk>" for w in s] for s in part] for part in (train, test)]


def test_novel(candidate, reference, seed):
    """On a novel counts, perplexities and samples are right
    在小说上，计数、困惑度、采样都正确"""
    train, test = novel()
    found = []
    for module in (candidate, reference):
        lm = module.NgramLM(train, 3, 0.02, [0.2, 0.5, 0.3])
        counts = real([lm.count(["of", "the"]), lm.count(["the"]), lm.count(["<s>", "<s>", "i"])])
        drawn = written(lm.sample(random.Random(seed), 5))
        found.append([counts, real([lm.perplexity(test)]), drawn])
    same(*found, ["counts", "perplexity", "sample"])
