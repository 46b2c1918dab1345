"""Grades katas/sft_loss.py."""

import random
from functools import partial

import torch

from dlkata.suite import (
    agree,
    any_layout,
    calls_apart,
    gradients,
    holds,
    integers,
    keeps_dtype,
    leaves_alone,
    normal,
    same,
    setting,
)

NAMES = "tokens", "labels", "positions", "documents"


def conversations(seed, lengths, words=50):
    """Examples of these lengths (prompt, answer)."""
    dice = random.Random(seed)
    return [
        ([dice.randrange(1, words) for _ in range(p)], [dice.randrange(1, words) for _ in range(a)])
        for p, a in lengths
    ]


def packs(candidate, reference, examples, label, length, *more):
    """All four tensors are the reference's; each side gets lists of its own."""
    copies = [[(list(p), list(a)) for p, a in examples] for _ in range(2)]
    found, right = (
        m.pack(mine, length, *more) for m, mine in zip((candidate, reference), copies, strict=True)
    )
    same(found, right, [f"{name} ({label})" for name in NAMES])


def rows(seed, shape=(3, 7), words=5, scale=2.0, dtype=None, share=2):
    """Logits, and labels of which some do not count."""
    (logits,) = normal(seed, (*shape, words), scale=scale, dtype=dtype)
    (labels,) = integers(seed, words, shape)
    (drawn,) = integers(seed + 1, 3, shape)
    return {"logits": logits, "labels": torch.where(drawn < share, labels, -100)}


def loss_of(module, **options):
    return lambda logits, labels: module.sft_loss(logits, labels, **options)


def judge(candidate, reference, draw, label, **options):
    agree(loss_of(candidate, **options), loss_of(reference, **options), draw, f"loss ({label})")


def test_one_row(candidate, reference, seed):
    """A row holds its examples one after the other, with labels for the answers alone
    一行里依次放入各个样本，只有回答带 label"""
    packs(candidate, reference, conversations(seed, [(3, 2), (1, 4), (2, 1)]), "one row", 16)
    packs(candidate, reference, conversations(seed, [(2, 3)]), "one example", 9)


def test_padding(candidate, reference, seed):
    """What is left of a row is padding, with the token `pad`
    一行剩下的部分是 padding，token 为 `pad`"""
    for pad in (0, 7, 99):
        packs(candidate, reference, conversations(seed, [(1, 2), (2, 2)]), f"pad = {pad}", 10, pad)


def test_several_rows(candidate, reference, seed):
    """An example that does not fit begins a new row; all numbers begin anew there
    放不下的样本另起一行，编号也重新开始"""
    lengths = [(3, 4), (2, 2), (1, 5), (2, 1), (1, 1), (4, 2), (1, 2)]
    for length in (8, 10, 11, 13, 30):
        packs(candidate, reference, conversations(seed, lengths), f"length {length}", length)


def test_exact_fit(candidate, reference, seed):
    """A row may be filled to the last place
    一行可以正好填满"""
    packs(candidate, reference, conversations(seed, [(2, 3), (1, 2), (3, 3), (1, 1), (4, 2)]), "exact", 8)
    packs(candidate, reference, conversations(seed, [(2, 4), (3, 3)]), "one a row", 6)
    packs(candidate, reference, conversations(seed, [(0, 1), (0, 1)]), "length 1", 1)


def test_only_the_current_row(candidate, reference, seed):
    """Earlier rows are not reopened, and the order is kept
    不再使用之前的行，顺序不变"""
    lengths = [(2, 3), (3, 4), (1, 1), (1, 5), (1, 1), (0, 2), (4, 4), (0, 1)]
    packs(candidate, reference, conversations(seed, lengths), "short ones between long ones", 9)


def test_empty_prompts(candidate, reference, seed):
    """Nothing predicts the first token of an example, even if it is an answer's
    样本的第一个 token 没有东西预测它，即使它属于回答"""
    lengths = [(0, 3), (2, 2), (0, 1), (0, 2), (1, 1)]
    packs(candidate, reference, conversations(seed, lengths), "empty prompts", 12)


def test_long_examples(candidate, reference, seed):
    """Of an example longer than a row the beginning remains
    比一行还长的样本保留开头"""
    for lengths in ([(3, 9)], [(2, 2), (4, 9), (1, 1)], [(11, 3), (1, 2)], [(8, 2), (0, 15), (7, 1)]):
        packs(candidate, reference, conversations(seed, lengths), f"lengths {lengths}", 8)


def test_pad_in_answers(candidate, reference):
    """A token equal to `pad` counts in an answer as any other
    回答里等于 `pad` 的 token 照常计入"""
    packs(candidate, reference, [([5, 2], [7, 2]), ([2], [2]), ([0], [8, 0, 2])], "pad = 2", 9, 2)
    packs(candidate, reference, [([5, 0], [0, 7, 0]), ([0], [0])], "pad = 0", 7)


def test_no_examples(candidate, reference):
    """Without examples there are no rows
    没有样本时没有行"""
    packs(candidate, reference, [], "no examples", 5)


def test_examples_walked_once(candidate, reference, seed):
    """Examples may come from a generator, and are not modified
    样本可以来自生成器，也不会被修改"""
    lengths = [(2, 3), (0, 4), (3, 3), (1, 1)]
    found, right = (
        m.pack((pair for pair in conversations(seed, lengths)), length=9, pad=3)
        for m in (candidate, reference)
    )
    same(found, right, [f"{name} (generator)" for name in NAMES])
    given = conversations(seed, lengths)
    candidate.pack(given, 6)
    kept = given == conversations(seed, lengths)
    holds(
        kept,
        "`pack` modifies the lists it is given.",
        "`pack` 修改了传入的列表。",
        value=str(given),
        name="examples",
    )


def test_packs_apart(candidate, reference, seed):
    """One call leaves nothing behind for the next
    上一次调用不会影响下一次"""
    for i in range(3):
        packs(candidate, reference, conversations(seed + i, [(2, 3), (1, i + 1)]), f"call {i + 1}", 9)


def documents_of(*given):
    return torch.tensor(given, device=setting.device)


def masks(candidate, reference, documents, label):
    same(candidate.packing_mask(documents), reference.packing_mask(documents.clone()), f"mask ({label})")


def test_mask(candidate, reference):
    """A token sees itself and what comes before it in its own example
    token 能看到自己，以及同一样本中在它之前的部分"""
    masks(candidate, reference, documents_of(0, 0, 0, 0), "one example")
    masks(candidate, reference, documents_of(0, 0, 1, 1, 1, 2), "three examples")


def test_mask_of_padding(candidate, reference):
    """A padding token sees itself, and nobody else sees it
    padding 只看到自己，别的 token 看不到它"""
    masks(candidate, reference, documents_of(0, 0, 1, 1, 1, -1, -1, -1), "padding")
    masks(candidate, reference, documents_of(-1, -1, -1), "padding alone")


def test_mask_of_several_rows(candidate, reference):
    """Each row has a mask of its own, whatever the leading dimensions
    每一行有自己的 mask，无论前导维度有多少"""
    two = documents_of([0, 0, 0, 1, 1], [0, 1, 2, 2, -1])
    masks(candidate, reference, two, "two rows")
    masks(
        candidate, reference, torch.stack([two, two.roll(1, 0).clamp(max=1), two.clamp(max=0)]), "3 × 2 rows"
    )
    masks(candidate, reference, two.mT.contiguous().mT, "not contiguous")
    masks(candidate, reference, documents_of([0] * 5).expand(3, 5), "expanded")
    for only in ([0], [[0]], [[0], [-1], [0]]):
        masks(candidate, reference, documents_of(*only), f"documents {only}")


def test_mask_alone(candidate, reference):
    """`documents` is not modified, and masks of several calls are independent
    不修改 `documents`，各次调用得到的 mask 互不影响"""
    several = documents_of([0, 0, 1, -1]), documents_of([0, 1, 1, 1]), documents_of([0, 1, 2, 3])
    leaves_alone(lambda: candidate.packing_mask, lambda i: {"documents": several[i].clone()})
    found = [candidate.packing_mask(d) for d in several]
    same(found, [reference.packing_mask(d) for d in several], "masks")


def test_loss(candidate, reference, seed):
    """The loss is right, and so is its gradient
    loss 正确，梯度也正确"""
    judge(candidate, reference, partial(rows, seed), "some count")
    judge(candidate, reference, partial(rows, seed, share=3), "all count")


def test_every_token_weighs_the_same(candidate, reference, seed):
    """Rows with many answers and rows with few: every token weighs the same
    有的行回答多，有的行回答少：每个 token 的权重相同"""
    labels = documents_of(
        [-100, -100, -100, -100, -100, 3],
        [1, 2, 0, 3, 4, 1],
        [-100, 2, -100, 1, -100, -100],
        [4] + [-100] * 5,
    )

    def draw(some):
        return rows(seed, (len(some), 6)) | {"labels": labels[some]}

    for some in ([0, 1], [1, 2], [0, 1, 2, 3], [1, 3], [0], [2]):
        judge(candidate, reference, partial(draw, some), f"rows {some}")


def test_labels_that_are_tokens(candidate, reference, seed):
    """Token 0 counts, and so does the last of the vocabulary
    token 0 计入，词表的最后一个也计入"""
    labels = documents_of([2, 0, 0, 4, -100, 0], [0, 4, -100, 0, 4, 4])
    judge(candidate, reference, lambda: rows(seed, (2, 6)) | {"labels": labels.clone()}, "tokens 0 and 4")


def test_count(candidate, reference, seed):
    """`count` is what the sum is divided by
    `count` 是和的除数"""
    for count in (1, 7, 40, 2.5, 0.4, torch.tensor(11, device=setting.device)):
        judge(candidate, reference, partial(rows, seed), f"count = {count}", count=count)
    found, right = (m.sft_loss(*rows(seed).values(), 23) for m in (candidate, reference))
    same(found, right, "loss (count by place)")


def test_micro_batches(candidate, reference, seed):
    """Losses of micro-batches, divided by the common count, sum to that of the whole
    各 micro-batch 的 loss 除以共同的计数，加起来等于整个 batch 的 loss"""
    found, right = (
        [whole, *gradients(whole, [given["logits"]])]
        for m in (candidate, reference)
        for given in [rows(seed, (5, 7))]
        for n in [int((given["labels"][:, 1:] != -100).sum())]
        for whole in [sum(m.sft_loss(given["logits"][p], given["labels"][p], n) for p in parts())]
    )
    same(found, right, ["loss (in parts)", "∂L/∂logits (in parts)"])


def parts():
    return slice(0, 1), slice(1, 3), slice(3, 5)


def test_nothing_counts(candidate, seed):
    """If no label counts, loss and gradient are 0
    没有 label 计入时，loss 和梯度为 0"""
    for shape in ((2, 4), (4,), (3, 1), (1, 1), (1,)):
        for first in (-100, 2):
            given = rows(seed, shape)
            labels = torch.full_like(given["labels"], -100)
            labels[..., 0] = first
            zeros = torch.zeros_like(given["logits"])
            for count in (None, 7):
                loss = candidate.sft_loss(given["logits"], labels, count)
                label = f"logits.shape = {(*shape, 5)}, first label {first}, count {count}"
                same(loss, zeros.sum(), f"loss ({label})", tolerance=(0.0, 0.0))
                (grown,) = gradients(loss, [given["logits"]])
                grown = zeros if grown is None else grown
                same(grown, zeros, f"∂L/∂logits ({label})", tolerance=(0.0, 0.0))


def test_first_label_last_logits(candidate, seed):
    """The first label and the last logits of a row change nothing
    每行的第一个 label 和最后一个位置的 logits 不影响结果"""
    given, other = rows(seed, share=3), rows(seed, share=3)
    with torch.no_grad():
        other["logits"][:, -1] += 1 + torch.arange(5.0, device=setting.device)
        other["labels"][:, 0] = -100
    same(candidate.sft_loss(**other), candidate.sft_loss(**given), "loss (first label, last logits changed)")


def test_shapes(candidate, reference, seed):
    """Any leading dimensions, and sizes of 1
    支持任意前导维度，也支持大小为 1"""
    for words in (1, 2):
        judge(candidate, reference, partial(rows, seed, (3, 4), words, share=1), f"masked, V = {words}")
    for shape in ((4,), (2, 3, 4), (1, 5), (5, 2), (1, 2), (2, 1, 3), (5, 5)):
        for words in (5, 1, 2):
            draw = partial(rows, seed, shape, words, share=3)
            judge(candidate, reference, draw, f"logits.shape = {(*shape, words)}")


def test_large_logits(candidate, reference, seed):
    """Logits of ±10⁴, and of ±1000 in float32, give a finite loss and right gradients
    logits 达到 ±10⁴（float32 下 ±1000）时，loss 有限，梯度正确"""

    def draw(reach, shift=0.0, dtype=None):
        drawn = rows(seed, dtype=dtype)
        wide = (shift + drawn["logits"].detach() * reach / 6).clamp(-1e4, 1e4)
        return drawn | {"logits": wide.requires_grad_()}

    for reach, shift in ((60.0, 0.0), (5.0, 900.0), (5.0, -900.0), (1e4, 0.0)):
        judge(candidate, reference, partial(draw, reach, shift), f"logits near {shift:g} ± {reach:g}")
    found, right = (m.sft_loss(**draw(1e3, dtype=torch.float32)).detach() for m in (candidate, reference))
    same(found, right, "loss (large logits, float32)", tolerance=(3e-3, 3e-3))


def test_dtype(candidate, seed):
    """The loss keeps the dtype of the logits
    loss 的 dtype 与 logits 相同"""
    for count in (None, 9, torch.tensor(9, device=setting.device)):
        keeps_dtype(lambda c=count: loss_of(candidate, count=c), partial(rows, seed))


def test_non_contiguous(candidate, seed):
    """Transposed, strided and expanded logits work, and such labels
    支持转置、带步长和 expand 得到的 logits 和 labels"""
    labels = rows(seed, (3, 4), share=3)["labels"]
    for label in (labels, labels.mT.contiguous().mT):
        any_layout(
            lambda label=label: lambda x: candidate.sft_loss(x, label),
            lambda shape: normal(seed, shape)[0],
            (3, 4, 5),
        )


def test_calls_apart(candidate, reference, seed):
    """Calls leave one another and their inputs alone
    各次调用互不影响，也不修改输入"""
    for count in (None, 9):
        calls_apart(
            lambda c=count: loss_of(candidate, count=c),
            lambda i: rows(seed + i),
            right=lambda c=count: loss_of(reference, count=c),
        )
        leaves_alone(lambda c=count: loss_of(candidate, count=c), lambda i: rows(seed + i))


def test_packed_and_lost(candidate, reference, seed):
    """The three together: what a packed batch costs
    三者合起来：打包之后的 batch 的 loss"""
    examples = conversations(seed, [(2, 3), (0, 4), (3, 3), (1, 1), (2, 2)], words=6)
    found, right = (
        [m.packing_mask(documents.to(setting.device)), loss, *gradients(loss, [logits])]
        for m in (candidate, reference)
        for _, labels, _, documents in [m.pack([(list(p), list(a)) for p, a in examples], 9)]
        for logits in normal(seed, (*labels.shape, 6))
        for loss in [m.sft_loss(logits, labels.to(setting.device))]
    )
    same(found, right, ["mask", "loss", "∂L/∂logits"])
