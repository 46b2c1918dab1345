"""Grades katas/bleu.py."""

import random
from copy import deepcopy

import torch

from dlkata.suite import holds, not_reseeded, same

WORDS = ["the", "a", "old", "cat", "sat", "on", "mat", "with", "his", "Hat"]


def noisy(rng, sentence, rate):
    """The sentence with tokens left out, exchanged or said twice."""
    made = []
    for token in sentence:
        drawn = rng.random() / rate
        if drawn < 1:
            made += [[], [rng.choice(WORDS)], [token, token]][int(3 * drawn)]
        else:
            made.append(token)
    return made


def corpus(seed, count, references=1, rate=0.3, low=8, high=15):
    """Candidates, and for each its references: all of them noisy copies of one sentence."""
    rng = random.Random(seed)
    bases = [[rng.choice(WORDS[:7]) for _ in range(rng.randint(low, high))] for _ in range(count)]
    candidates = [noisy(rng, base, rate) for base in bases]
    return candidates, [[noisy(rng, base, rate / 2) for _ in range(references)] for base in bases]


def number(value):
    """A number as a tensor; a tensor or None is none."""
    plain = isinstance(value, (int, float)) and not isinstance(value, bool)
    holds(
        plain,
        f"A plain number was promised, not {type(value).__name__}.",
        f"题目要求返回普通的数，而不是 {type(value).__name__}。",
        value="a number" if plain else type(value).__name__,
        name="returned",
    )
    return torch.tensor(float(value), dtype=torch.float64)


def counts(module, candidate, references, orders):
    """(m, t) for each n, as rows."""
    rows = []
    for n in orders:
        found = module.clipped_matches(candidate, references, n)
        right = isinstance(found, tuple) and len(found) == 2
        holds(
            right,
            "clipped_matches does not return a tuple of two.",
            "clipped_matches 返回的不是由两个数组成的元组。",
            value="two" if right else type(found).__name__,
            name="returned",
        )
        rows.append(torch.stack([number(entry) for entry in found]))
    return torch.stack(rows)


def same_counts(candidate, reference, cases, orders=(1, 2, 3, 4)):
    found = [
        [counts(m, list(sentence), deepcopy(references), orders) for sentence, references in cases]
        for m in (candidate, reference)
    ]
    same(*found, [f"(m, t) for n = {orders[0]} … {orders[-1]}, sentence {i}" for i in range(len(cases))])


def same_scores(candidate, reference, *cases):
    """A case: candidates, references, what it is called, and options."""
    found = [
        [number(m.bleu(deepcopy(c), deepcopy(r), **options)) for c, r, _, options in cases]
        for m in (candidate, reference)
    ]
    same(
        *found, [", ".join(["bleu", *(f"{k} = {v}" for k, v in o.items()), said]) for _, _, said, o in cases]
    )


def letters(*words):
    return [list(word) for word in words]


def test_example(candidate, reference):
    """The example of the statement comes out
    题目中的例子结果正确"""
    sentence = ["the", "cat", "the", "cat", "on", "the", "mat"]
    other = ["the", "cat", "is", "on", "the", "mat"]
    same_counts(candidate, reference, [(sentence, [other])], (1, 2))
    same_scores(candidate, reference, ([sentence], [[other]], "the example", {"max_n": 2}))


def test_clipped(candidate, reference, seed):
    """An n-gram matches at most as often as it stands in the reference
    一个 n-gram 的匹配次数不超过它在参考中的次数"""
    cases = [("aaaaa", letters("aab")), ("abababc", letters("abcab")), ("abcd", letters("dcbaabcc"))]
    same_counts(candidate, reference, [*cases, *zip(*corpus(seed, 4, rate=0.5), strict=True)])


def test_several_references(candidate, reference, seed):
    """With several references the most generous one counts, n-gram by n-gram
    有多个参考时，每个 n-gram 各取出现次数最多的那个参考"""
    cases = [
        ("aabbc", letters("abb", "aac")),
        ("aabbc", letters("aac", "bb", "abc")),
        ("abcabc", letters("abc", "cab", "bca")),
        ("aaaab", letters("aaa", "b", "a")),
    ]
    same_counts(candidate, reference, [*cases, *zip(*corpus(seed, 4, 3, rate=0.5), strict=True)])


def test_short_sentences(candidate, reference):
    """A sentence shorter than n has no n-grams
    不足 n 个 token 的句子没有 n-gram"""
    cases = [("ab", ["abcde"]), ("abcde", ["ab", "e"]), ("", ["abc"]), ("abc", [""]), ("a", ["a"])]
    same_counts(candidate, reference, [(c, letters(*given)) for c, given in cases], (1, 2, 3, 4, 6))


def test_tokens_as_they_are(candidate, reference):
    """Tokens are compared as they are: ints, phrases, capitals, tuples
    token 按原样比较：整数、含空格的字符串、大写、元组"""
    cases = [
        ([1, 12, 3, 1], [[11, 23, 1], [1, 12, 3]]),
        ([1, "2", 3, "4"], [["1", 2, 3, "4"]]),
        (["New York", "is", "far"], [["New", "York is", "far"], ["New", "York", "is far"]]),
        (["New", "York is", "far"], [["New York", "is", "far"]]),
        (["The", "Hat"], [["the", "hat"], ["The", "hat"]]),
        ([(0, 1), (2,), (0, 1)], [[(0, 1), (2,), (3, 4)]]),
        ([" a", "a", "-", ""], [["a", " a", "", "-"]]),
        (["a_b", "c"], [["a", "b_c"]]),
        ([-1, 5, -1], [[-2, 5, -2], [5, -1]]),  # hash(-1) == hash(-2)
        ([int("1000"), "".join("xy"), (int("500"),)], [[int("1000"), "".join("xy"), (int("500"),)]]),
    ]
    same_counts(candidate, reference, cases, (1, 2, 3))


def test_closest_length(candidate, reference):
    """r is the length nearest to the candidate's, the shorter one of two
    r 取与候选最接近的长度；差距相同时取较短的"""
    cases = [
        (6, (3, 9, 7)),
        (6, (5, 7)),
        (6, (7, 5)),
        (6, (9, 3)),
        (6, (9, 6, 4)),
        (2, (5, 4, 8)),
        (9, (5, 4, 8)),
        (0, (2, 1)),
        (4, (0, 9)),
        (7, (20, 1, 9)),
        (10, (15, 6)),
        (5, (3,)),
    ]
    found = [
        [
            number(m.closest_length(["a"] * size, [["b"] * length for length in lengths]))
            for size, lengths in cases
        ]
        for m in (candidate, reference)
    ]
    same(*found, [f"closest_length, {size} tokens, references of {lengths}" for size, lengths in cases])


def test_one_sentence(candidate, reference):
    """The score of one sentence is the geometric mean of its precisions
    单个句子的分数是各精确率的几何平均"""
    pair = letters("abcdefghijkl"), [letters("abcdexghijk")]
    same_scores(candidate, reference, *((*pair, "12 tokens", {"max_n": n}) for n in (1, 2, 3, 4, 5)))


def test_short_candidates(candidate, reference):
    """Candidates that are too short are punished, long ones are not
    太短的候选受惩罚，长的不受"""
    (whole,) = letters("abcdefghijklm")
    cases = [([whole[:c]], [[whole[:r]]], c, r) for c, r in [(4, 12), (7, 12), (11, 12), (12, 12), (13, 6)]]
    same_scores(candidate, reference, *((c, r, f"{i} of {j} tokens", {}) for c, r, i, j in cases))


def test_length_among_several(candidate, reference):
    """In the penalty, too, r is the nearest of several lengths, the shorter one of two
    惩罚里的 r 同样是几个长度中最接近的；差距相同时取较短的"""
    (whole,) = letters("abcdefghijklmnopqr")
    lengths = [(13, 7), (7, 13), (12, 5), (5, 12), (17, 11), (18, 6, 13)]
    cases = [([whole[:10]], [[whole[:size] for size in sizes]], sizes) for sizes in lengths]
    same_scores(candidate, reference, *((c, r, f"10 tokens, references of {s}", {}) for c, r, s in cases))


def test_whole_set(candidate, reference, seed):
    """Counts and lengths are summed over the sentences, then divided once
    计数和长度先在所有句子上求和，只做一次除法"""
    cases = [
        (*corpus(seed + count, count), f"{count} sentences", {"max_n": max_n})
        for count in (2, 3, 7)
        for max_n in (4, 2)
    ]
    same_scores(candidate, reference, *cases)
    long, short = letters("abcdefghij", "pq")
    pair = [long, short, [], long[2:7]], [[long[:8]], letters("pqrs"), letters("st"), [long]]
    moved = [long[:5], long[3:9]], [[long[3:9]], [long[:5]]]
    same_scores(
        candidate,
        reference,
        (*pair, "long and short sentences", {}),
        (*moved, "references of other sentences", {}),
    )


def test_set_with_references(candidate, reference, seed):
    """Every sentence has as many references as it likes
    每个句子的参考个数可以不同"""
    cases = []
    for count, references in ((3, 2), (5, 3)):
        candidates, given = corpus(seed + 10 * count, count, references, rate=0.4)
        given[0] = given[0][:1]
        cases.append((candidates, given, f"{count} sentences, up to {references} references", {}))
    same_scores(candidate, reference, *cases)


def test_zeros(candidate, reference):
    """Without a match for some n, or without n-grams, the score is 0
    某个 n 没有匹配、或没有 n-gram 时，分数为 0"""
    a, b = letters("abcdefg", "abcxdef")
    cases = [
        ([a], [[b]], "no 4-gram matches"),
        ([a], [letters("qrstuvw")], "nothing matches"),
        ([a[:3], a[:2]], [[a], [a]], "3 tokens at most"),
        ([[]], [[a]], "an empty candidate"),
        ([a], [[[]]], "an empty reference"),
        ([[], []], [[[]], [[]]], "everything empty"),
        ([], [], "no sentence"),
    ]
    same_scores(candidate, reference, *((*case, {}) for case in cases))
    same_scores(candidate, reference, *((*case, {"smoothing": k}) for case in cases for k in (1.0, 0.2)))


def test_smoothing(candidate, reference, seed):
    """Smoothing adds k above and below, except for single tokens
    平滑在分子分母各加 k，单个 token 除外"""
    pair = corpus(seed + 3, 2, rate=0.5, low=5, high=8)
    short = letters("abcdx"), [letters("abcexg")]
    cases = [(*pair, "2 sentences", {"smoothing": k, "max_n": n}) for k in (1, 0.25, 3.5) for n in (1, 2, 4)]
    cases += [(*short, "no 4-gram matches", {"smoothing": k}) for k in (1, 1e-3)]
    same_scores(candidate, reference, *cases)


def test_defaults(candidate, reference, seed):
    """Without options there are four orders and no smoothing
    不传选项时 n 到 4 为止，不平滑"""
    same_scores(candidate, reference, *((*corpus(seed + 20 + i, 3), f"set {i}", {}) for i in range(2)))


def test_perfect(candidate, seed):
    """A candidate that equals one of its references scores 1
    候选与某个参考相同，得 1"""
    candidates, references = corpus(seed, 3, 2)
    for i, given in enumerate(references):
        given.insert(i, list(candidates[i]))
    for options in ({}, {"max_n": 2, "smoothing": 0.7}):
        score = number(candidate.bleu(candidates, references, **options))
        holds(
            bool((score - 1).abs() < 1e-9),
            f"Every candidate stands among its references, yet the score is {float(score):.6g}.",
            f"每个候选都在自己的参考之中，分数却是 {float(score):.6g}。",
            value=score,
            name=f"perfect, {options}",
        )


def test_generators(candidate, reference, seed):
    """Both arguments may be generators, sentences may be tuples
    两个参数都可以是生成器，句子可以是元组"""
    candidates, references = corpus(seed + 40, 3, 2)
    found = []
    for module in (candidate, reference):
        sentences = (tuple(sentence) for sentence in candidates)
        given = (tuple(map(tuple, several)) for several in references)
        found.append(number(module.bleu(sentences, given)))
    same(*found, "bleu, generators")
    mixed = [tuple(sentence) for sentence in candidates], references
    same_scores(candidate, reference, (*mixed, "tuples against lists", {}))


def test_by_name(candidate, reference, seed):
    """Arguments go by name
    参数可按名字传入"""
    candidates, references = corpus(seed + 50, 2, 2)
    one = {"references": references[0], "candidate": candidates[0]}
    found = [
        (
            number(m.bleu(smoothing=0.5, max_n=3, references=references, candidates=candidates)),
            torch.stack([number(entry) for entry in m.clipped_matches(n=2, **one)]),
            number(m.closest_length(**one)),
        )
        for m in (candidate, reference)
    ]
    same(*found, ["bleu", "clipped_matches", "closest_length"])


def test_nothing_kept(candidate, seed):
    """What is passed in stays as it is, a second call gives the same, chance is left alone
    传入的内容不变，再算一次结果相同，不碰随机数"""
    pair = corpus(seed + 60, 3, 2)
    before = deepcopy(pair)
    scores = torch.stack([number(candidate.bleu(*pair, smoothing=0.5)) for _ in range(3)])
    number(candidate.closest_length(pair[0][0], pair[1][0]))
    counts(candidate, pair[0][0], pair[1][0], (1, 2))
    holds(
        pair == before,
        "The sentences that were passed in are no longer what they were.",
        "传入的句子被改动了。",
        name="inputs",
    )
    holds(
        bool((scores - scores[0]).abs().max() < 1e-9),
        "The same call gives another score the second time.",
        "同样的调用，第二次得到的分数不同。",
        value=scores,
        name="three calls",
    )
    not_reseeded(lambda: (torch.rand(2), candidate.bleu(*pair)))
