"""Grades katas/bpe.py."""

import random

import torch

from dlkata.suite import data_file, holds, not_reseeded, same

MARK = "\ufffd"


def letters(seed, size, alphabet="abc", breaks=" \n"):
    """A text of few letters, full of runs, repetitions and pairs that are equally frequent."""
    rng = random.Random(f"{seed} {size} {alphabet}")
    text = ""
    while len(text) < size:
        if text and rng.random() < 0.3:
            start = rng.randrange(len(text))
            text += text[start : start + rng.randint(1, 6)]  # something that was there before
        elif rng.random() < 0.3:
            text += rng.choice(breaks) * rng.choice((1, 1, 1, 2))
        else:
            text += rng.choice(alphabet) * rng.choice((1, 1, 2, 3, 5))
    return text


def noise(seed, size):
    """Any bytes, spaces and newlines among them."""
    rng = random.Random(f"{seed} noise")
    return bytes(rng.choice((rng.randrange(256), 32, 10, 195, 97)) for _ in range(size))


def texts(seed):
    return [letters(seed, 60), letters(seed + 1, 90, "ab"), letters(seed + 2, 90, "zyxabß字", " \t\n")]


def promised(right, en, zh):
    holds(right, en, zh, value="as promised" if right else "something else", name="returned")


def ints(found):
    promised(
        isinstance(found, list) and all(type(i) is int for i in found),
        "A list of plain ints was promised.",
        "题目要求返回由普通 int 组成的列表。",
    )
    return str(found)


def pairs(found):
    promised(
        isinstance(found, list)
        and all(isinstance(p, tuple) and [type(i) for i in p] == [int] * 2 for p in found),
        "learn_merges must return a list of tuples of two ints.",
        "learn_merges 应返回列表，元素是两个 int 的元组。",
    )
    return str(found)


def pieces(found):
    promised(
        isinstance(found, list) and all(type(piece) is bytes for piece in found),
        "split must return a list of bytes.",
        "split 应返回 bytes 的列表。",
    )
    return str(found)


def raw(found):
    promised(
        type(found) is bytes, "decode_bytes and token return bytes.", "decode_bytes 和 token 返回 bytes。"
    )
    return str(found)


def string(found):
    promised(type(found) is str, "decode returns a string.", "decode 返回字符串。")
    return ascii(found)


def same_each(candidate, reference, ask, cases, name):
    """What each side answers, a line a case."""
    same(*([ask(module, case) for case in cases] for module in (candidate, reference)), name)


def both(candidate, reference, merges):
    return [module.BPE(list(merges)) for module in (candidate, reference)]


def learned(reference, text, size=300):
    """The right merges of a text."""
    return reference.learn_merges(text, size)


def test_example(candidate, reference):
    """The example of the statement comes out
    题目中的例子结果正确"""
    found = []
    for module in (candidate, reference):
        merges = module.learn_merges("aab aab\naaab aab", 259)
        bpe = module.BPE([(97, 97), (256, 98), (32, 257)])
        tokens = [raw(bpe.token(i)) for i in (97, 256, 258)]
        found.append(
            [
                pieces(module.split(b"aab aab\naaab")),
                pairs(merges),
                ints(bpe.encode("aaab aab")),
                *tokens,
                ints(bpe.encode("é")),
                string(bpe.decode([195, 169])),
                raw(bpe.decode_bytes([195])),
            ]
        )
    names = ["split", "learn_merges", "encode", "token(97)", "token(256)", "token(258)"]
    same(*found, [*names, "encode('é')", "decode", "decode_bytes"])


def test_split(candidate, reference, seed):
    """A piece begins at the first byte, at each space and at each newline
    片段从第一个字节、每个空格、每个换行处开始"""
    cases = [b"the time machine", b" a", b"a ", b"a  b", b"\n\n a \nb", b"   ", b"\n", b"a", b""]
    cases += [
        b"a\tb\rc\r\nd",
        "a\xa0b\u3000c\u2028d".encode(),
        b"\x00\x0b\x0c\x1c\x85\xa0 .",
        b"it's, 10.5 x-y!",
    ]
    cases += [noise(seed, 60), letters(seed, 40).encode()]
    same_each(candidate, reference, lambda module, case: pieces(module.split(case)), cases, "split, case")


def test_merges(candidate, reference, seed):
    """The merges that are learned, one after the other
    依次学到的合并正确"""
    for size in (257, 259, 275):
        ask = lambda module, case, size=size: pairs(module.learn_merges(case, size))  # noqa: E731
        same_each(candidate, reference, ask, texts(seed), f"merges, vocab_size = {size}, text")


def test_ties(candidate, reference, seed):
    """Of equally frequent pairs the smallest in ids is merged first
    次数相同的对，编号最小的先合并"""
    cases = ["ba ba ab ab", "ab ac ab ac", "bc ac bc ac", "zy zx zy zx", "bab bab cab cab", "xbb xbb aab aab"]
    # A new token has a larger id than any byte, whatever bytes it stands for.
    cases += [
        "aab aab aab bx bx bx by by",
        "aaaz aaaz aaaz zb zb zb",
        "éa éa ab ab",
        letters(seed, 40, "abcdef"),
    ]
    ask = lambda module, case: pairs(module.learn_merges(case, 264))  # noqa: E731
    same_each(candidate, reference, ask, cases, "merges, text")


def test_counts(candidate, reference):
    """Overlapping places and repeated pieces all count
    重叠的位置、重复的片段都要计数"""
    cases = [
        "aaa bc bc",
        "aaa bb bb aaa cc",
        "aaaa bc bc bc",
        "aaaaa xy xy xy",
        "ab ab ab cd cd xcd",
        "aaaaaaaaa",
    ]
    cases += ["xaaa xaaa", "ab ab ab ab ab bc bc", "abab abab ba ba ba", "aa aa aa aaaa bb", "aaab aaab ab"]
    ask = lambda module, case: pairs(module.learn_merges(case, 262))  # noqa: E731
    same_each(candidate, reference, ask, cases, "merges, text")


def test_no_pair_across(candidate, reference):
    """No pair lies across two pieces
    没有一对跨两个片段"""
    cases = [
        "a b a b a b",
        "a\nb\na\nb",
        "ab cab cab c",
        "x y  x y  x y",
        "  a  a  a",
        "\n\n\n\n a\n a",
        "a\tb a\tb",
    ]
    ask = lambda module, case: pairs(module.learn_merges(case, 262))  # noqa: E731
    same_each(candidate, reference, ask, cases, "merges, text")


def test_end_of_training(candidate, reference, seed):
    """Training ends at vocab_size, or when no pair counts at least 2
    到达 vocab_size，或没有一对至少计 2 次时，训练结束"""
    cases = [("abc abd", 256), ("abc abd", 257), ("abc abd", 300), ("abcdef", 300), ("", 300), ("", 256)]
    cases += [("a", 300), (" ", 300), ("aa", 300), ("aaa", 300), ("aaaa", 300), ("aaaaaaaa", 300)]
    cases += [(letters(seed, 50), size) for size in (256, 258, 400)]
    ask = lambda module, case: pairs(module.learn_merges(*case))  # noqa: E731
    same_each(candidate, reference, ask, cases, "merges, case")


def test_any_bytes_train(candidate, reference, seed):
    """Strings stand for their UTF-8 bytes; any bytes can be trained on
    字符串代表它的 UTF-8 字节；任何字节都可以用来训练"""
    text = letters(seed, 60, "é字😀a")
    cases = [
        text,
        text.encode(),
        noise(seed, 120),
        bytes(range(256)) * 2,
        b"\xff\xfe\xff\xfe \xff\xfe",
        "ab\r\nab\r\n",
    ]
    ask = lambda module, case: pairs(module.learn_merges(case, 266))  # noqa: E731
    same_each(candidate, reference, ask, cases, "merges, data")


def test_encode(candidate, reference, seed):
    """Merges are applied in the order they were learned
    合并按学到的次序进行"""
    for i, text in enumerate(texts(seed)):
        for size in (259, 266, 300):
            merges = learned(reference, text, size)
            asked = [text, *texts(seed + 10), letters(seed + 3, 50, "abcx")]
            same(
                *([ints(bpe.encode(case)) for case in asked] for bpe in both(candidate, reference, merges)),
                f"ids, text {i}, vocab_size {size}, case",
            )


def test_order_of_merges(candidate, reference):
    """Neither the leftmost pair, nor the longest token, nor the fewest tokens decide
    决定次序的不是最左的对、最长的 token，也不是 token 最少"""
    training = [
        "bc bc bc bc abc ab ab",
        "abcd cd cd cd ab ab bc",
        "aab aab aab aa ab ab ab ab",
        "aaaa aaaa aaa ba ba",
        "xcd ycd zcd xbcd ybcd zbcd wbcd ubc vbc",
    ]
    asked = [
        "abc",
        "abcd abcbc",
        "aab aaab aaaab",
        "aaaaaaa baaa",
        "abab cdcd bcbc",
        "aabaab",
        "bcd abbc",
        "aaa aa a",
    ]
    found, names = ([], []), []
    for text in training:
        merges = learned(reference, text, 262)
        for side, bpe in zip(found, both(candidate, reference, merges), strict=True):
            side += [ints(bpe.encode(case)) for case in asked]
        names += [f"ids of {case!r}, trained on {text!r}" for case in asked]
    same(*found, names)  # all together: some mistakes differ in a few cases only


def test_encode_anything(candidate, reference, seed):
    """Strings and bytes, empty, unseen or no UTF-8, can be encoded
    字符串和 bytes，空的、没见过的、不是 UTF-8 的，都能编码"""
    merges = learned(reference, letters(seed, 80, "é字a"))
    asked = [
        "",
        b"",
        "xyz",
        "é",
        "字é a",
        "字é".encode(),
        "é".encode()[1:],
        noise(seed, 50),
        " ",
        "\n a",
        "a" * 100,
    ]
    for name, known in (("no merges", []), ("some merges", merges)):
        same(
            *([ints(bpe.encode(case)) for case in asked] for bpe in both(candidate, reference, known)),
            f"ids, {name}, case",
        )


def test_tokens(candidate, reference, seed):
    """Every token knows its bytes, every tokenizer its size
    每个 token 有自己的字节，每个分词器有自己的大小"""
    for name, merges in (("no merges", []), ("some merges", learned(reference, letters(seed, 80), 270))):
        found = []
        for bpe in both(candidate, reference, merges):
            size = len(bpe)
            found.append([str(size), [raw(bpe.token(i)) for i in (0, 32, 97, 128, 255, *range(256, size))]])
        same(*found, [f"len, {name}", f"token, {name}"])


def outcome(call):
    """What becomes of a call: the name of its error, or that there is none."""
    try:
        call()
    except Exception as error:
        return type(error).__name__
    return "nothing raised"


def test_no_such_id(candidate):
    """An id that does not exist raises IndexError, in every method
    不存在的编号在每个方法中都抛出 IndexError"""
    for merges in ([], [(97, 98), (256, 99)]):
        bpe, size = candidate.BPE(merges), 256 + len(merges)
        asked = [-1, size, size + 7, -size, -300, 10**6]
        calls = {
            "token": bpe.token,
            "decode_bytes": lambda id, bpe=bpe: bpe.decode_bytes([97, id]),
            "decode": lambda id, bpe=bpe: bpe.decode([97, id]),
        }
        found = [outcome(lambda call=call, id=id: call(id)) for call in calls.values() for id in asked]
        names = [f"{name}, {len(merges)} merges, id {id}" for name in calls for id in asked]
        same(found, ["IndexError"] * len(names), names)


def test_decode_bytes(candidate, reference, seed):
    """decode_bytes joins the bytes of the tokens
    decode_bytes 把各 token 的字节连起来"""
    merges = learned(reference, letters(seed, 80, "abé"), 270)
    rng = random.Random(seed)
    drawn = [[rng.randrange(256 + len(merges)) for _ in range(20)] for _ in range(4)]
    cases = [[], [97], [195], [len(merges) + 255], list(range(256)), *drawn]
    same(
        *([raw(bpe.decode_bytes(case)) for case in cases] for bpe in both(candidate, reference, merges)),
        "bytes, case",
    )


def test_decode(candidate, reference, seed):
    """decode reads all bytes together as UTF-8; what is none becomes the replacement character
    decode 把所有字节合起来按 UTF-8 解读；不合的变成替换字符"""
    merges = learned(reference, letters(seed, 80, "é字a😀"), 270)
    whole = [
        list(word.encode()) for word in ("é", "字", "😀", "é字😀a", "\ufeffa", "a\r\nb\rc\x00", "e\u0301")
    ]
    broken = [
        [195],
        [169],
        [195, 97],
        [97, 230, 173],
        [240, 159, 152],
        [255, 254],
        [97, 195, 32, 169],
        [237, 160, 128],
    ]
    rng = random.Random(seed)
    drawn = [[rng.randrange(256 + len(merges)) for _ in range(20)] for _ in range(4)]
    cases = [[], *whole, *broken, *drawn]
    same(
        *([string(bpe.decode(case)) for case in cases] for bpe in both(candidate, reference, merges)),
        "text, case",
    )


def test_round_trip(candidate, reference, seed):
    """Decoding what was encoded gives back the data, any bytes and any text
    对任何字节和文本，编码再解码都还原"""
    for name, merges in (("no merges", []), ("merges", learned(reference, letters(seed, 90, "é字a")))):
        bpe = candidate.BPE(merges)
        for i, text in enumerate((letters(seed + 4, 60, "é字a"), "", " \n", "naïve 字字\t😀", "a\r\nb\r\n")):
            same(string(bpe.decode(bpe.encode(text))), ascii(text), f"text {i}, {name}")
        for i, data in enumerate((noise(seed, 200), bytes(range(256)), b"\n\xff \xc3", b"")):
            same(raw(bpe.decode_bytes(bpe.encode(data))), str(data), f"bytes {i}, {name}")


def test_kinds_of_ids(candidate, reference):
    """Ids may come as a list, a tuple, a generator or a tensor
    编号可以是列表、元组、生成器或张量"""
    ids = [97, 256, 32, 195, 169, 257]
    found = []
    for bpe in both(candidate, reference, [(97, 98), (256, 99)]):
        given = [ids, tuple(ids), (i for i in ids), iter(ids), torch.tensor(ids), torch.tensor(ids[:1])]
        given += [torch.tensor([ids, ids]).T[:, 0], torch.tensor([], dtype=torch.int64), iter([])]
        texts = [string(bpe.decode(case)) for case in given]
        given[2:4], given[-1] = [(i for i in ids), map(int, ids)], iter(())
        found.append([texts, [raw(bpe.decode_bytes(case)) for case in given]])
    same(*found, ["decode, kind", "decode_bytes, kind"])


def test_by_name(candidate, reference):
    """Arguments go by name
    参数可按名字传入"""
    found = []
    for module in (candidate, reference):
        merges = module.learn_merges(vocab_size=258, data="abc abc")
        bpe = module.BPE(merges=merges)
        text = [pieces(module.split(data=b"a b")), pairs(merges), raw(bpe.token(id=256))]
        text += [ints(bpe.encode(data="abc")), string(bpe.decode(ids=[256])), raw(bpe.decode_bytes(ids=[97]))]
        found.append(text)
    same(*found, ["split", "merges", "token", "ids", "text", "bytes"])


def answers(bpe):
    ids = [bpe.encode(text) for text in ("abc ab", "cab\nabc", b"ab\xff")]
    return [*map(ints, ids), str(len(bpe)), raw(bpe.token(256)), string(bpe.decode(ids[1]))]


ANSWERS = ["ids 0", "ids 1", "ids 2", "len", "token(256)", "text"]


def test_nothing_changes(candidate, reference):
    """Neither questions nor later edits of lists change a tokenizer; lists that go in stay as they are
    无论提问，还是之后修改列表，都不影响分词器；传入的列表保持不变"""
    found = []
    for module in (candidate, reference):
        merges, ids = [(97, 98), (256, 99)], [97, 256, 257]
        bpe = module.BPE(merges)
        first = answers(bpe)
        bpe.encode("abc ab").append(5)
        bpe.encode("cab").clear()
        bpe.decode(ids)
        bpe.decode_bytes(ids)
        kept = str((merges, ids))
        merges.append((99, 97))
        second = answers(bpe)
        merges.clear()
        found.append([*first, kept, *second, *answers(bpe)])
    names = [
        *ANSWERS,
        "what went in",
        *(f"{n}, after an edit" for n in ANSWERS),
        *(f"{n}, at last" for n in ANSWERS),
    ]
    same(*found, names)
    not_reseeded(lambda: (torch.rand(2), candidate.learn_merges("abab abab", 258)))


def test_several_tokenizers(candidate, reference, seed):
    """Several tokenizers and trainings stand beside each other
    多个分词器、多次训练互不影响"""
    found = []
    for module in (candidate, reference):
        tokenizers = [module.BPE(m) for m in ([(97, 98), (256, 99)], [(98, 99), (97, 256)], [(99, 97)])]
        trained = [pairs(module.learn_merges(text, size)) for text in texts(seed)[:2] for size in (262, 258)]
        trained += [pairs(module.learn_merges(texts(seed)[0], 262))]
        found.append([*(line for bpe in tokenizers * 2 for line in answers(bpe)), *trained])
    names = [f"{name}, tokenizer {i % 3}" for i in range(6) for name in ANSWERS]
    same(*found, [*names, *(f"training {i}" for i in range(5))])


def test_novel(candidate, reference):
    """On a novel: the merges, and the ids of a text that was not in the training
    在小说上：学到的合并，以及训练之外文本的编号"""
    novel = data_file(__file__, "time_machine.txt").read_text(encoding="utf-8")
    found = []
    for module in (candidate, reference):
        merges = module.learn_merges(novel[:5000], 280)
        bpe = module.BPE(merges)
        ids = bpe.encode(novel[20000:21000])
        found.append([pairs(merges), ints(ids), string(bpe.decode(ids))])
    same(*found, ["merges", "ids", "text"])
