"""Grades katas/dpo_loss.py."""

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
    samples_apart,
    setting,
)

FOUR = "chosen", "rejected", "ref_chosen", "ref_rejected"


def tokens(seed, shape=(3, 6), words=5, scale=2.0, masked=True, dtype=None):
    """Logits, and labels of which some do not count: the first two, the last, one in between."""
    (logits,) = normal(seed, (*shape, words), scale=scale, dtype=dtype)
    (labels,) = integers(seed, words, shape)
    if masked:
        count = integers(seed + 1, 3, shape)[0] > 0
        labels = torch.where(count, labels, -100)
    return {"logits": logits, "labels": labels}


def pairs(seed, batch=5, spread=6.0, dtype=None, learned_reference=False):
    """Four log-probabilities a pair, as long answers have them."""
    noise = normal(seed, *[(batch,)] * 4, scale=spread, grad=False)
    drawn = [(x - level).to(dtype or setting.dtype) for x, level in zip(noise, (40, 43, 41, 45), strict=True)]
    flags = True, True, learned_reference, learned_reference
    return {name: x.requires_grad_(flag) for name, x, flag in zip(FOUR, drawn, flags, strict=True)}


def margins(values, dtype=None):
    """Pairs that have these margins at β = 1."""
    m = torch.tensor(values, dtype=dtype or setting.dtype, device=setting.device)
    drawn = m - 20, torch.full_like(m, -18.0), torch.full_like(m, -22.0), torch.full_like(m, -20.0)
    return {name: x.requires_grad_(name in FOUR[:2]) for name, x in zip(FOUR, drawn, strict=True)}


def loss_of(module, **options):
    """The loss alone, as a function of tensors alone."""
    return lambda *four: module.dpo_loss(*four, **options)[0]


def rewards_of(module, **options):
    return lambda *four: list(module.dpo_loss(*four, **options)[1:])


def judge(candidate, reference, draw, label, **options):
    agree(loss_of(candidate, **options), loss_of(reference, **options), draw, f"loss ({label})")


def judge_sums(candidate, reference, draw, label):
    agree(candidate.answer_log_probs, reference.answer_log_probs, draw, f"log π ({label})")


def test_log_probabilities(candidate, reference, seed):
    """The log-probability of each answer is right, and so is its gradient
    每个回答的对数概率正确，梯度也正确"""
    for masked in (False, True):
        judge_sums(
            candidate, reference, partial(tokens, seed, masked=masked), "masked" if masked else "all count"
        )


def test_what_counts(candidate, reference, seed):
    """Only labels other than −100 count, wherever they stand
    只有不等于 −100 的 label 计入，无论在什么位置"""
    rows = {
        "prompt first": [-100, -100, 2, 1, 3, 4],
        "padding last": [1, 3, 2, 2, -100, -100],
        "a gap": [-100, 4, 1, -100, 2, -100],
        "token 0": [-100, 0, 3, 0, 0, 1],
        "only the last": [-100, -100, -100, -100, -100, 2],
        "only the second": [-100, 3, -100, -100, -100, -100],
        "only the first": [3, -100, -100, -100, -100, -100],
        "none": [-100] * 6,
    }

    def draw(row):
        return tokens(seed, (1, 6)) | {"labels": torch.tensor([row], device=setting.device)}

    for label, row in rows.items():
        judge_sums(candidate, reference, partial(draw, row), label)
    together = torch.tensor(list(rows.values()), device=setting.device)
    judge_sums(candidate, reference, lambda: tokens(seed, (len(rows), 6)) | {"labels": together}, "together")


def test_last_logits_unused(candidate, seed):
    """The last logits and the first label change nothing
    最后一个位置的 logits 和第一个 label 不影响结果"""
    given, other = tokens(seed, masked=False), tokens(seed, masked=False)
    with torch.no_grad():
        other["logits"][:, -1] += 1 + torch.arange(5.0, device=setting.device)
        other["labels"][:, 0] = -100
    same(
        candidate.answer_log_probs(**other),
        candidate.answer_log_probs(**given),
        "log π (last logits and first label changed)",
    )


def test_shapes(candidate, reference, seed):
    """Any leading dimensions, and sizes of 1
    支持任意前导维度，也支持大小为 1"""
    for shape in ((4,), (2, 3, 4), (1, 5), (3, 2), (1, 2), (1, 1, 3), (5, 5)):
        for words in (5, 1, 2):
            draw = partial(tokens, seed, shape, words)
            judge_sums(candidate, reference, draw, f"logits.shape = {(*shape, words)}")
    for shape in ((3, 1), (1,)):
        judge_sums(candidate, reference, partial(tokens, seed, shape, masked=False), f"T = 1, {shape}")


def test_large_logits(candidate, reference, seed):
    """Logits of ±10⁴, and of ±1000 in float32, give finite sums and right gradients
    logits 达到 ±10⁴（float32 下 ±1000）时，和有限，梯度正确"""

    def draw(reach, dtype=None):
        drawn = tokens(seed, dtype=dtype)
        wide = (drawn["logits"].detach() * reach / 6).clamp(-reach, reach)
        return drawn | {"logits": wide.requires_grad_()}

    high = tokens(seed, (1, 6))["logits"].detach() + 900  # far up, and close together
    judge_sums(
        candidate,
        reference,
        lambda: tokens(seed, (1, 6)) | {"logits": high.clone().requires_grad_()},
        "near 900",
    )
    for reach in (60.0, 1e4):
        judge_sums(candidate, reference, partial(draw, reach), f"logits up to {reach:g}")
    found, right = (m.answer_log_probs(**draw(1e3, torch.float32)).detach() for m in (candidate, reference))
    same(found, right, "log π (large logits, float32)", tolerance=(3e-3, 3e-3))


def test_sums_dtype(candidate, seed):
    """Log-probabilities keep the dtype of the logits
    对数概率的 dtype 与 logits 相同"""
    keeps_dtype(lambda: candidate.answer_log_probs, partial(tokens, seed))


def test_sums_non_contiguous(candidate, seed):
    """Transposed, strided and expanded logits work, and such labels
    支持转置、带步长和 expand 得到的 logits 和 labels"""
    labels = tokens(seed, (3, 4))["labels"]
    for label in (labels, labels.mT.contiguous().mT):
        any_layout(
            lambda label=label: lambda x: candidate.answer_log_probs(x, label),
            lambda shape: normal(seed, shape)[0],
            (3, 4, 5),
        )


def test_answers_apart(candidate, seed):
    """An answer does not depend on the others of its batch
    各个回答互不影响"""
    labels = tokens(seed, (4, 6))["labels"]
    samples_apart(
        lambda x: candidate.answer_log_probs(x, labels), lambda: normal(seed, (4, 6, 5))[0], name="logits"
    )


def test_sums_of_several_calls(candidate, reference, seed):
    """Calls leave one another and their inputs alone
    各次调用互不影响，也不修改输入"""
    calls_apart(
        lambda: candidate.answer_log_probs,
        lambda i: tokens(seed + i),
        right=lambda: reference.answer_log_probs,
    )
    leaves_alone(lambda: candidate.answer_log_probs, lambda i: tokens(seed + i))


def test_loss(candidate, reference, seed):
    """The loss is right
    loss 正确"""
    for beta in (1.0, 0.1, 0.37):
        found, right = (loss_of(m, beta=beta)(*pairs(seed).values()) for m in (candidate, reference))
        same(found, right, f"loss (β = {beta})")


def test_loss_gradient(candidate, reference, seed):
    """The gradients of both answers are right
    两个回答的梯度正确"""
    for beta in (0.1, 0.6):
        judge(candidate, reference, partial(pairs, seed), f"β = {beta}", beta=beta)


def test_smoothing(candidate, reference, seed):
    """ε is the share of flipped labels
    ε 是标注反了的比例"""
    for epsilon in (0.0, 0.2, 0.5, 0):
        draw = partial(pairs, seed, spread=1.0)
        judge(candidate, reference, draw, f"ε = {epsilon}", beta=0.8, label_smoothing=epsilon)


def test_defaults(candidate, reference, seed):
    """Without further arguments β = 0.1 and ε = 0; arguments also go by place
    不传其他参数时，β = 0.1，ε = 0；参数也可按位置传入"""
    for options in ({}, {"beta": 0.3}, {"label_smoothing": 0.2}):
        given = "alone" if not options else ", ".join(options)
        found, right = (m.dpo_loss(*pairs(seed).values(), **options) for m in (candidate, reference))
        same(
            [x.detach() for x in found],
            [x.detach() for x in right],
            [f"{name} (given: {given})" for name in ("loss", "chosen reward", "rejected reward")],
        )
    found, right = (m.dpo_loss(*pairs(seed).values(), 0.3, 0.2)[0] for m in (candidate, reference))
    same(found, right, "loss (six arguments by place)")


def test_start_of_training(candidate, reference, seed):
    """Where policy and reference agree the loss is ln 2, and the gradient is not lost
    策略与参考模型相同时，loss 为 ln 2，梯度也还在"""

    def draw():
        drawn = pairs(seed)
        return drawn | {"ref_chosen": drawn["chosen"].detach(), "ref_rejected": drawn["rejected"].detach()}

    for epsilon in (0.0, 0.3):
        judge(candidate, reference, draw, f"m = 0, ε = {epsilon}", label_smoothing=epsilon)


def test_large_margins(candidate, reference):
    """Margins of ±10⁴ give a finite loss and right gradients
    m 达到 ±10⁴ 时，loss 有限，梯度正确"""
    for values in ([-30.0, 25.0], [-120.0, 90.0], [-800.0], [750.0], [-1e4, 1e4]):
        for epsilon in (0.0, 0.1):
            label = f"m = {values}, ε = {epsilon}"
            draw = partial(margins, values)
            judge(candidate, reference, draw, label, beta=1.0, label_smoothing=epsilon)


def test_large_margins_in_float32(candidate, reference):
    """They do so in float32
    float32 下也一样"""
    for values in ([-95.0], [-110.0, 100.0], [-1e4, 1e4, -30.0]):
        for epsilon in (0.0, 0.1):
            found, right = (
                [loss, *gradients(loss, [given["chosen"], given["rejected"]])]
                for m in (candidate, reference)
                for given in [margins(values, torch.float32)]
                for loss in [loss_of(m, beta=1.0, label_smoothing=epsilon)(*given.values())]
            )
            label = f"m = {values}, ε = {epsilon}, float32"
            names = [f"{name} ({label})" for name in ("loss", "∂L/∂chosen", "∂L/∂rejected")]
            same(found, right, names, tolerance=(1e-3, 1e-5))


def test_reference_is_constant(candidate, seed):
    """No gradient reaches the reference, even if it requires one
    参考模型即使需要梯度，也没有梯度传到它"""
    for beta in (0.1, 1.0):
        given = pairs(seed, learned_reference=True)
        grown = gradients(loss_of(candidate, beta=beta)(*given.values()), [given[n] for n in FOUR])
        zeros = torch.zeros_like(given["ref_chosen"])
        found = [zeros if g is None else g for g in grown[2:]]
        names = [f"∂L/∂{name} (β = {beta})" for name in FOUR[2:]]
        same(found, [zeros, zeros], names, tolerance=(0.0, 0.0))


def test_rewards(candidate, reference, seed):
    """The rewards of both answers are right, one an answer
    两个回答的奖励正确，每个回答一个"""
    for batch in (5, 1):
        for beta in (0.1, 0.7):
            found, right = (
                [x.detach() for x in rewards_of(m, beta=beta)(*pairs(seed, batch).values())]
                for m in (candidate, reference)
            )
            label = f"B = {batch}, β = {beta}"
            same(found, right, [f"chosen reward ({label})", f"rejected reward ({label})"])


def test_rewards_without_gradient(candidate, seed):
    """Rewards carry no gradient
    奖励不带梯度"""
    for learned_reference in (False, True):
        given = pairs(seed, learned_reference=learned_reference)
        found = [r.requires_grad for r in rewards_of(candidate)(*given.values())]
        holds(
            not any(found),
            "The rewards still hang on the graph: whoever logs them keeps it alive.",
            "奖励还连着计算图：记录它的人会让整张图一直留在显存里。",
            value=str(found),
            name="rewards require a gradient",
        )


def test_sizes(candidate, reference, seed):
    """The loss is the mean over any number of pairs
    无论多少对数据，loss 都是平均"""
    for batch in (1, 2, 4, 7):
        draw = partial(pairs, seed, batch)
        judge(candidate, reference, draw, f"B = {batch}", beta=0.2, label_smoothing=0.1)


def test_loss_dtype(candidate, seed):
    """Loss and rewards keep the dtype of the log-probabilities
    loss 和奖励的 dtype 与对数概率相同"""
    for epsilon in (0.0, 0.2):
        keeps_dtype(lambda e=epsilon: loss_of(candidate, label_smoothing=e), partial(pairs, seed, spread=2.0))
        found = candidate.dpo_loss(*pairs(seed, dtype=torch.float32).values(), 0.1, epsilon)
        dtypes = [str(x.dtype) for x in found]
        holds(
            dtypes == ["torch.float32"] * 3,
            f"float32 comes in, and out comes {', '.join(dtypes)}.",
            f"输入是 float32，输出却是 {'、'.join(dtypes)}。",
            value=str(dtypes),
            name="dtypes",
        )


def test_loss_non_contiguous(candidate, reference, seed):
    """Strided and expanded log-probabilities work
    支持带步长和 expand 得到的对数概率"""
    for view in (lambda x: x[:, 1], lambda x: x[::2, 0], lambda x: x[:1, 0].expand(4)):
        found, right = (
            [loss, *gradients(loss, four[:2])]
            for m in (candidate, reference)
            for four in [normal(seed, *[(6, 2)] * 4)]
            for loss in [loss_of(m, beta=0.5)(*(view(x) for x in four))]
        )
        same(found, right, ["loss", "∂L/∂chosen", "∂L/∂rejected"])


def test_losses_of_several_calls(candidate, reference, seed):
    """The loss of one call has nothing to do with other calls, nor are its inputs modified
    每次调用的 loss 与其他调用无关，也不修改输入"""
    for epsilon in (0.0, 0.2):
        calls_apart(
            lambda e=epsilon: loss_of(candidate, label_smoothing=e),
            lambda i: pairs(seed + i),
            right=lambda e=epsilon: loss_of(reference, label_smoothing=e),
        )
        leaves_alone(
            lambda e=epsilon: lambda *four: candidate.dpo_loss(*four, 0.1, e), lambda i: pairs(seed + i)
        )


def test_from_logits_to_loss(candidate, reference, seed):
    """Both functions together give the logits the right gradient
    两个函数合起来，logits 的梯度正确"""

    def whole(module):
        def loss(w, l, w_labels, l_labels, ref_w, ref_l):  # noqa: E741
            four = (
                module.answer_log_probs(x, labels)
                for x, labels in ((w, w_labels), (l, l_labels), (ref_w, w_labels), (ref_l, l_labels))
            )
            return module.dpo_loss(*four, beta=0.3)[0]

        return loss

    def draw():
        w, rejected = tokens(seed), tokens(seed + 1, (3, 8))
        ref = normal(seed + 2, (3, 6, 5), (3, 8, 5), grad=False)
        return {
            "chosen logits": w["logits"],
            "rejected logits": rejected["logits"],
            "chosen labels": w["labels"],
            "rejected labels": rejected["labels"],
            "ref chosen": ref[0],
            "ref rejected": ref[1],
        }

    agree(whole(candidate), whole(reference), draw, "loss (from logits)")
