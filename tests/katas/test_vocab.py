"""Grades katas/vocab.py."""

import random
from copy import deepcopy

import torch

from dlkata.suite import data_file, holds, not_reseeded, same

DEFAULT = ["<pad>", "<unk>", "<bos>", "<eos>"]
WORDS = [
    "the",
    "The",
    "time",
    "cat",
    "Zeta",
    "a",
    "machine",
    "traveller",
    "of",
    "wept",
    "éa",
    "b c",
    "10",
    "9",
]


def text(seed, count=6):
    """Sentences in which few words are frequent and several occur equally often."""
    rng = random.Random(seed)
    weights = [1 / (rank + 1) for rank in range(len(WORDS))]
    order = rng.sample(WORDS, len(WORDS))
    sentences = [rng.choices(order, weights, k=rng.randint(3, 9)) for _ in range(count)]
    return [*sentences, [order[-1], order[-2], order[0]]]


def written(values):
    """Values in a row, as they are written. Ids are ints, tokens are strings, so kinds are told apart."""
    holds(
        isinstance(values, list),
        f"A list was promised, not {type(values).__name__}.",
        f"题目要求返回列表，而不是 {type(values).__name__}。",
        value="a list" if isinstance(values, list) else type(values).__name__,
        name="returned",
    )
    return " ".join(map(repr, values))


def table(v):
    """All tokens, by id."""
    return written([v.token_of(i) for i in range(len(v))])


def same_tables(candidate, reference, *cases):
    """A case: sentences and options."""
    found = [[table(m.Vocab(deepcopy(s), **options)) for s, options in cases] for m in (candidate, reference)]
    said = [", ".join(f"{name} = {value}" for name, value in options.items()) for _, options in cases]
    same(*found, [f"tokens by id, text {i}{s and ', '}{s}" for i, s in enumerate(said)])


def built(candidate, reference, sentences, **options):
    return [m.Vocab(deepcopy(sentences), **options) for m in (candidate, reference)]


def compare(vocabs, ask, name):
    """The answers of both, one string for each question."""
    mine, theirs = (ask(v) for v in vocabs)
    same(mine, theirs, [f"{name} [{i}]" for i in range(len(theirs))])


def test_example(candidate, reference):
    """The example of the statement comes out
    题目中的例子结果正确"""
    sentences = [["the", "time", "machine", "the"], ["the", "cat", "time"]]
    vocabs = built(candidate, reference, sentences, min_count=2)
    compare(vocabs, lambda v: [table(v)], "tokens by id")
    compare(
        vocabs, lambda v: [written(v.encode(["the", "cat"], eos=True)), written(v.decode([4, 1, 3]))], "calls"
    )


def test_order(candidate, reference, seed):
    """Special tokens first, then the most frequent; equal counts in the order of strings
    特殊 token 在前，然后按次数从多到少；次数相同按字符串次序"""
    plain = [["b", "a", "c"], ["c", "B", "d", "aa"], ["10", "9", "d", "", " "]]
    cases = [(plain, {}), ([], {}), ([[], ["x"]], {}), *((text(seed + i), {}) for i in range(3))]
    same_tables(candidate, reference, *cases)


def test_min_count(candidate, reference, seed):
    """Tokens that stood at least min_count times have an id
    出现至少 min_count 次的 token 才有编号"""
    cases = [(text(seed + i), {"min_count": n}) for i in range(2) for n in (1, 2, 3, 100)]
    same_tables(candidate, reference, *cases)


def test_max_size(candidate, reference, seed):
    """max_size limits the ids, special tokens included
    max_size 限制编号的个数，包括特殊 token"""
    cases = [(text(seed + i), {"max_size": n}) for i in range(2) for n in (4, 5, 8, 12, 100)]
    cases.append((text(seed), {"max_size": 9, "min_count": 2}))
    same_tables(candidate, reference, *cases)


def test_other_specials(candidate, reference, seed):
    """Special tokens may be others, in any order; text that holds them gives no second id
    特殊 token 可以是别的、次序任意；文本里含有它们时不会再得一个编号"""
    mine = ["<s>", "the", "<unk>"]
    loud = [["<unk>", "the", "<eos>"], ["<eos>", "<pad>", "a"], ["the", "<eos>", "<s>"]]
    cases = [
        (text(seed), {"specials": mine}),
        (text(seed), {"specials": ["<unk>"], "max_size": 4}),
        (text(seed), {"specials": ("z", "<unk>", "<eos>", "<bos>", "b"), "min_count": 2}),
        (loud, {}),
        (loud, {"specials": mine, "min_count": 2}),
        (loud, {"min_count": 2, "max_size": 6}),
        (loud, {"max_size": 6}),
        (loud, {"specials": mine, "max_size": 5}),
    ]
    same_tables(candidate, reference, *cases)
    names = ["<unk>", "the", "<eos>", "<pad>", "<s>", "a"]
    for options in ({}, {"specials": mine}, {"specials": ["<unk>", "a"]}):
        vocabs = built(candidate, reference, loud, **options)
        compare(vocabs, lambda v: [written([v.count(t) for t in names])], f"count, {options}")
        compare(vocabs, lambda v: [written([v.id_of(t) for t in names])], f"id_of, {options}")


def test_length_and_membership(candidate, reference, seed):
    """len counts the ids; a token that was cut off, or never seen, is not in the vocabulary
    len 是编号的个数；被截掉的、没见过的 token 都不在词表里"""
    asked = [*WORDS, "never", "", "THE", *DEFAULT]
    for options in ({}, {"min_count": 2}, {"max_size": 7}, {"specials": ["<unk>"]}):
        vocabs = built(candidate, reference, text(seed), **options)
        compare(vocabs, lambda v: [str(len(v)), *(str(bool(t in v)) for t in asked)], f"len, in, {options}")


def test_counts(candidate, reference, seed):
    """count tells how often a token stood in the text, even if it was cut off
    count 给出 token 在文本中的次数，被截掉的也一样"""
    for options in ({}, {"min_count": 3}, {"max_size": 6}):
        vocabs = built(candidate, reference, text(seed), **options)
        compare(
            vocabs, lambda v: [written([v.count(t) for t in [*WORDS, "never", "<pad>"]])], f"count, {options}"
        )


def test_id_of(candidate, reference, seed):
    """Tokens without an id of their own get that of <unk>, wherever it stands
    没有自己编号的 token 得到 <unk> 的编号，不论它排在哪里"""
    asked = [*WORDS, "never", "", "THE", " the", *DEFAULT]
    for specials in (DEFAULT, ["<pad>", "<eos>", "<bos>", "<unk>"], ["<unk>"]):
        vocabs = built(candidate, reference, text(seed), min_count=2, specials=specials)
        compare(vocabs, lambda v: [written([v.id_of(t) for t in asked])], f"id_of, specials = {specials}")


def test_token_of(candidate, seed):
    """An id that does not exist raises IndexError, a negative one as well
    不存在的编号抛出 IndexError，负数也一样"""
    v = candidate.Vocab(text(seed), min_count=2)
    size = len(v)
    for name in ("token_of", "decode"):
        for wrong in (size, size + 5, -1, -size):
            raised = raised_by(getattr(v, name), wrong if name == "token_of" else [0, wrong])
            holds(
                raised == "IndexError",
                f"{name} with the id {wrong} of {size}: {raised} instead of IndexError.",
                f"共 {size} 个编号，{name} 遇到 {wrong}：{raised}，而不是 IndexError。",
                value=raised,
                name=f"{name}, {wrong} of {size}",
            )


def raised_by(call, argument):
    """The name of the exception, or what came instead of one."""
    try:
        return f"returned {call(argument)}"
    except (LookupError, ValueError, AssertionError) as error:
        return type(error).__name__


def test_encode(candidate, reference, seed):
    """encode gives one id a token, with <bos> and <eos> where they are asked for
    encode 给每个 token 一个编号，要求时加上 <bos>、<eos>"""
    sentences = [*text(seed + 1, 2), ["never", "the", "", "The"], ["<eos>", "the", "<bos>"], []]
    for specials in (DEFAULT, ["<eos>", "x", "<bos>", "<unk>"]):
        vocabs = built(candidate, reference, text(seed), min_count=2, specials=specials)
        for options in ({}, {"bos": True}, {"eos": True}, {"bos": True, "eos": True}):
            compare(
                vocabs,
                lambda v, options=options: [written(v.encode(list(s), **options)) for s in sentences],
                f"encode, {options}, specials = {specials}",
            )


def test_decode(candidate, reference, seed):
    """decode gives one token an id; skip_specials leaves out all special tokens but <unk>
    decode 给每个编号一个 token；skip_specials 略去 <unk> 以外的特殊 token"""
    rows = [[2, 5, 1, 6, 3, 0, 0], [4, 3, 5, 1, 3, 6, 4], [5], [], [1, 0, 3, 2], [6, 6, 5, 6]]
    for specials in (DEFAULT, ["x", "<eos>", "<bos>", "<unk>", "<sep>"]):
        vocabs = built(candidate, reference, text(seed), specials=specials)
        for options in ({}, {"skip_specials": True}, {"skip_specials": False}):
            compare(
                vocabs,
                lambda v, options=options: [written(v.decode(list(row), **options)) for row in rows],
                f"decode, {options}, specials = {specials}",
            )


def test_round_trip(candidate, seed):
    """What is encoded and decoded again is the same text, with <unk> for the unknown
    编码再解码得到原文，未知的变成 <unk>"""
    sentences = text(seed)
    for options in ({}, {"min_count": 2}, {"max_size": 8}):
        v = candidate.Vocab(sentences, **options)
        for sentence in sentences:
            back = v.decode(v.encode(sentence, bos=True, eos=True), skip_specials=True)
            right = [t if t in v else "<unk>" for t in sentence]
            holds(
                back == right,
                f"decode(encode(…)) gives {back} instead of {right}.",
                f"decode(encode(…)) 得到 {back}，应为 {right}。",
                value=str(back),
                name=f"round trip, {options}",
            )


def test_unknown_rate(candidate, reference, seed):
    """unknown_rate is the share of all tokens that become <unk>, over the whole text
    unknown_rate 是整段文本里变成 <unk> 的 token 的比例"""
    asked = [
        text(seed + 5),
        [["never", "never", "the"], [], ["the"] * 7, ["time", "never"]],
        [["never"]],
        [["<unk>", "<pad>", "<eos>", "x"]],
        [],
        [[], []],
        ["the"],
    ]
    for options in ({}, {"min_count": 2}, {"specials": ["the", "<bos>", "<unk>"], "max_size": 6}):
        vocabs = built(candidate, reference, text(seed), **options)
        mine, theirs = (
            [torch.tensor(float(v.unknown_rate(deepcopy(s))), dtype=torch.float64) for s in asked]
            for v in vocabs
        )
        same(mine, theirs, [f"unknown_rate, text {i}, {options}" for i in range(len(asked))])


def test_characters(candidate, reference):
    """A string is a sentence of characters, spaces included
    字符串就是由字符组成的句子，空格也算"""
    same_tables(
        candidate, reference, (["the time", "Tea  at ten"], {}), (["a b", "b"], {"specials": ["<unk>"]})
    )
    vocabs = built(candidate, reference, ["the time", "Tea  at ten"])
    compare(vocabs, lambda v: [written(v.encode("a tent!")), written(v.decode(v.encode("met it")))], "calls")


def test_generators(candidate, reference, seed):
    """Sentences, tokens and ids may be generators, ids also a tensor
    句子、token、编号都可以是生成器，编号还可以是张量"""
    found = []
    for module in (candidate, reference):
        v = module.Vocab(((t for t in sentence) for sentence in text(seed)), min_count=2)
        (sentence,) = text(seed + 2, 0)
        ids = v.encode((t for t in sentence), bos=True, eos=True)
        found.append(
            [
                table(v),
                written(ids),
                written(v.decode((i for i in ids), skip_specials=True)),
                written(v.decode(torch.tensor(ids))),
                written(v.decode(torch.tensor(ids), skip_specials=True)),
                f"{v.unknown_rate((t for t in s) for s in text(seed + 3)):.9f}",
            ]
        )
    same(
        *found, ["tokens by id", "encode", "decode", "decode(tensor)", "decode(tensor, True)", "unknown_rate"]
    )


def test_frozen(candidate, seed):
    """Nothing that is asked or encoded later changes the vocabulary
    之后的查找和编码都不改变词表"""
    v = candidate.Vocab(text(seed), min_count=2)
    states = [table(v)]
    for ask in (
        lambda: v.encode(["new", "words", "the"], eos=True),
        lambda: v.id_of("unheard"),
        lambda: v.count("uncounted"),
        lambda: v.unknown_rate([["some", "other", "some"]] * 3),
        lambda: v.decode([0, 4, 1], skip_specials=True),
    ):
        ask()
        states.append(table(v))
    states += [written([v.count(t) for t in ("new", "some", "unheard", "uncounted")])]
    states += [str([t in v for t in ("new", "some", "unheard", "uncounted", "words")])]
    holds(
        len(set(states[:6])) == 1 and states[6] == "0 0 0 0" and "True" not in states[7],
        "The vocabulary is another one after some questions and encodings.",
        "查找和编码几次之后，词表变了。",
        value=" | ".join(states),
        name="after questions",
    )


def test_callers_lists(candidate, seed):
    """The caller's lists stay as they are, and editing them later changes nothing
    不改动调用者的列表；调用者之后修改它们，也不影响词表"""
    sentences, specials = text(seed), ["<eos>", "x", "<unk>", "<bos>"]
    before = deepcopy(sentences), list(specials)
    v = candidate.Vocab(sentences, specials=specials)
    tokens, ids = ["the", "never", "cat"], [0, 4, 2, 5]

    def answers():
        return [
            table(v),
            written(v.encode(tokens, bos=True, eos=True)),
            written(v.decode(ids, skip_specials=True)),
            written([v.count("the"), v.count("x")]),
        ]

    first = answers()
    kept = (sentences, specials) == before and (tokens, ids) == (["the", "never", "cat"], [0, 4, 2, 5])
    holds(
        kept,
        "A list that was passed in is no longer what it was.",
        "传入的列表被改动了。",
        value=str(kept),
        name="inputs",
    )
    specials[:2] = ["y", "the"]
    sentences[0].append("the")
    sentences.append(["x", "x"])
    second = answers()
    holds(
        second == first,
        "The caller's lists were edited later, and the vocabulary answers otherwise now.",
        "调用者后来修改了自己的列表，词表的回答也跟着变了。",
        value=" | ".join(second),
        name="after edits",
    )
    v.encode(tokens, bos=True, eos=True).append(99)
    v.decode(ids, skip_specials=True).append("spoiled")
    holds(
        answers() == first,
        "Editing a list that was returned changes later answers.",
        "修改返回的列表，会改变词表之后的回答。",
        name="after edits of results",
    )


def test_two_vocabularies(candidate, reference, seed):
    """Several vocabularies stand beside each other
    可以同时存在多个词表"""
    found = []
    for module in (candidate, reference):
        first = module.Vocab(text(seed))
        second = module.Vocab([["other", "words", "the"]], specials=["<unk>"])
        third = module.Vocab([["more"]])
        found.append(
            [table(first), table(second), table(third), written([v.count("the") for v in (first, second)])]
        )
    same(*found, ["tokens by id, first", "tokens by id, second", "tokens by id, third", "counts"])


def test_by_name(candidate, reference, seed):
    """Arguments go by name and by position
    参数可按名字、也可按位置传入"""
    found = []
    for module in (candidate, reference):
        one = module.Vocab(specials=["<unk>", "<bos>"], max_size=6, min_count=2, sentences=text(seed))
        two = module.Vocab(text(seed), 2, 7, ["<unk>", "<eos>", "<bos>"])
        found.append(
            [
                table(one),
                table(two),
                written([one.id_of(token="the"), one.count(token="the")]),
                one.token_of(id=1),
                written(two.encode(["the"], True, False)),
                written(two.encode(tokens=["the"], eos=True)),
                written(two.decode([0, 1, 3], True)),
                written(two.decode(skip_specials=True, ids=[2, 4])),
                f"{one.unknown_rate(sentences=text(seed)):.9f}",
            ]
        )
    same(*found, "calls")


def test_kinds(candidate, seed):
    """Ids and counts are ints, tokens are strings, the rate is a float
    编号和次数是 int，token 是字符串，比例是 float"""
    v = candidate.Vocab(text(seed))
    values = [
        v.id_of("the"),
        v.id_of("never"),
        v.count("the"),
        v.count("never"),
        *v.encode(["the"], True, True),
    ]
    tokens = [v.token_of(5), *v.decode(torch.tensor([5, 1])), *v.decode([4], True)]
    rate = v.unknown_rate([["the"]])
    kinds = [type(x).__name__ for x in (*values, *tokens, rate)]
    holds(
        all(type(x) is int for x in values)
        and all(type(t) is str for t in tokens)
        and isinstance(rate, (int, float)),
        f"The kinds of what is returned are {', '.join(sorted(set(kinds)))}, where int, str and float were promised.",
        f"返回值的类型有 {', '.join(sorted(set(kinds)))}，应当只有 int、str、float。",
        value=" ".join(kinds),
        name="kinds",
    )
    not_reseeded(lambda: (torch.rand(2), candidate.Vocab(text(seed)).encode(["the"])))


def test_novel(candidate, reference):
    """Two chapters of a novel: the table of the first, and what it does not know of the second
    小说的两章：用前半建词表，看它认不出后半的多少词"""
    words = data_file(__file__, "time_machine.txt").read_text(encoding="utf-8").split()
    half = len(words) // 2
    for options in ({"min_count": 3}, {"max_size": 200}):
        vocabs = built(candidate, reference, [words[:half]], **options)
        compare(vocabs, lambda v: [table(v)], f"tokens by id, {options}")
        mine, theirs = (
            torch.tensor(float(v.unknown_rate([words[half:]])), dtype=torch.float64) for v in vocabs
        )
        same(mine, theirs, f"unknown_rate, {options}")
