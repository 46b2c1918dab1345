"""Grades katas/beam_search.py."""

from functools import partial

import torch

from dlkata.suite import (
    EXACT,
    Finding,
    Mismatch,
    holds,
    journal,
    normal,
    not_reseeded,
    same,
    setting,
    unchanged,
    undisturbed,
)


class Model:
    """A language model whose next-token probabilities depend on all tokens of the prefix, and on their order."""

    def __init__(self, seed, vocabulary=7, sharpness=1.5, eos_bias=0.0, dtype=None):
        (self.table,) = normal(seed + 30, (vocabulary, 11, vocabulary), scale=sharpness, grad=False)
        self.table[:, :, 0] += eos_bias
        self.dtype = dtype or setting.dtype
        self.vocabulary = vocabulary
        self.calls = []

    def __call__(self, prefixes):
        self.calls.append(prefixes.detach().cpu().clone())
        weights = torch.arange(1, prefixes.shape[1] + 1, device=prefixes.device)
        digest = ((prefixes + 1) * weights**2).sum(1) % 11
        return self.table[prefixes[:, -1], digest].log_softmax(-1).to(self.dtype)


def prompt_of(*tokens):
    return torch.tensor(tokens or (3, 1, 4), device=setting.device)


def told(result):
    """What was returned, best first: the tokens of each hypothesis as they are written, and the scores."""
    tokens = [str([int(token) for token in hypothesis]) for hypothesis, _ in result]
    return tokens, torch.tensor([float(score) for _, score in result], dtype=torch.float64)


def same_beam(mine, theirs, case="", tolerance=None):
    """The attempt's beam is the reference's: tokens first, then scores."""
    (tokens, scores), (right, right_scores) = told(mine), told(theirs)
    suffix = f", {case}" if case else ""
    journal.record(f"tokens{suffix}", " ".join(tokens), EXACT)
    if tokens != right:
        place = next((i for i, (a, b) in enumerate(zip(tokens, right, strict=False)) if a != b), None)
        place = min(len(tokens), len(right)) if place is None else place
        found, expected = ((every[place : place + 1] or ["—"])[0] for every in (tokens, right))
        raise Mismatch(Finding("value", f"result[{place}]{suffix}", expected=expected, actual=found))
    same(scores, right_scores, f"scores{suffix}", tolerance=tolerance)


def judge(
    candidate, reference, model, *, prompt=None, eos=0, width=3, steps=6, alpha=0.6, tolerance=None, case=""
):
    """The same search by both."""
    start = prompt_of() if prompt is None else prompt
    found = [m.beam_search(model(), start.clone(), eos, width, steps, alpha) for m in (candidate, reference)]
    same_beam(*found, case, tolerance)


def test_greedy(candidate, reference, seed):
    """A beam of 1 decodes greedily
    beam 宽度为 1 时就是贪心解码"""
    judge(candidate, reference, lambda: Model(seed, eos_bias=-9.0), width=1)


def test_beam(candidate, reference, seed):
    """The best continuations of a given length are found, best first
    找到固定长度的最优续写，最好的在前"""
    for width in (2, 3, 5):
        judge(candidate, reference, lambda: Model(seed, eos_bias=-30.0), width=width, case=f"B = {width}")


def steps_made(candidate, model, asked):
    """Without any step some crash, each in words of its own: that is one finding."""
    try:
        candidate.beam_search(model, prompt_of(), 0, 4, asked, 1.0)
    except NotImplementedError:
        raise
    except Exception:
        if len(model.calls) == asked:
            raise
    return len(model.calls)


def test_one_step(candidate, reference, seed):
    """After one step the beam holds the best tokens
    走一步之后，beam 里是概率最大的几个 token"""
    steps = steps_made(candidate, Model(seed), 1)
    holds(
        steps == 1,
        f"With max_new_tokens = 1 the model is called {steps} times, not once.",
        f"max_new_tokens = 1 时，模型被调用了 {steps} 次，而不是一次。",
        value=str(steps),
        name="calls (1 step)",
    )
    judge(candidate, reference, lambda: Model(seed), steps=1, width=4, alpha=1.0)


def test_endings(candidate, reference, seed):
    """Hypotheses that end stay in the beam, as they are, and compete by their scores
    结束的序列原样留在 beam 里，按分数参与竞争"""
    for i in range(6):
        judge(
            candidate,
            reference,
            lambda i=i: Model(seed + i, eos_bias=0.8),
            width=4,
            steps=7,
            case=f"model {i}",
        )
        judge(
            candidate,
            reference,
            lambda i=i: Model(seed + i, eos_bias=-0.4),
            width=3,
            steps=9,
            case=f"model {i}",
        )


def test_no_length_penalty(candidate, reference, seed):
    """With alpha = 0 the score is the sum of log-probabilities
    alpha = 0 时，分数就是对数概率之和"""
    for i in range(6):
        model = partial(Model, seed + i, eos_bias=0.9 - 0.3 * i)
        judge(candidate, reference, model, alpha=0.0 if i else 0, case=f"model {i}")


def test_alphas(candidate, reference, seed):
    """The score divides by the length to the power alpha, at every step
    每一步的分数都除以长度的 alpha 次幂"""
    for alpha in (0.3, 1.0, 1.7, 1):  # an int is a number, too
        for i in range(3):
            judge(
                candidate,
                reference,
                lambda i=i: Model(seed + i, eos_bias=0.5),
                alpha=alpha,
                case=f"α = {alpha}",
            )


def test_default_alpha(candidate, seed):
    """Without alpha it is 0.75
    不传 alpha 时为 0.75"""
    prompt = prompt_of()
    results = [
        told(candidate.beam_search(Model(seed, eos_bias=-30.0), prompt, 0, 2, 4, *given))[1]
        for given in ((), (0.75,))
    ]
    alike = results[0].shape == results[1].shape and (results[0] - results[1]).abs().max() < 1e-9
    holds(
        bool(alike),
        "Without alpha the scores are not those of alpha = 0.75.",
        "不传 alpha 时，分数与 alpha = 0.75 的不同。",
    )


def test_other_eos(candidate, reference, seed):
    """eos is the token that was passed, whichever it is
    eos 是传入的那个 token，不论是几"""

    def model():
        made = Model(seed, vocabulary=5)
        made.table[:, :, 4] += 1.0
        return made

    for eos in (4, 2):
        judge(candidate, reference, model, eos=eos, steps=5, case=f"eos = {eos}")


def test_prompts(candidate, reference, seed):
    """Prompts of any length work, also with the eos token inside
    prompt 可以是任意长度，里面也可以有 eos"""
    for tokens in ((2,), (5,), (0, 5, 0), (4, 1, 6), (1, 6, 2, 2, 4, 3, 0)):
        judge(
            candidate,
            reference,
            lambda: Model(seed),
            prompt=prompt_of(*tokens),
            case=f"prompt = {list(tokens)}",
        )


def test_wide_beam(candidate, reference, seed):
    """A beam wider than the vocabulary searches exhaustively
    beam 比词表还宽时，相当于穷举"""
    for width in (8, 20, 500):
        model = partial(Model, seed, vocabulary=4)
        judge(
            candidate, reference, model, prompt=prompt_of(3, 1, 2), width=width, steps=4, case=f"B = {width}"
        )


def test_small_vocabularies(candidate, reference, seed):
    """Vocabularies of two tokens, and of one; a single step, a prompt of one token
    只有两个、甚至一个 token 的词表；只走一步、只有一个 token 的 prompt"""
    for vocabulary, eos in ((2, 0), (2, 1), (1, 0)):
        for width, steps in ((1, 1), (1, 3), (4, 1), (4, 3)):
            case = f"V = {vocabulary}, eos = {eos}, B = {width}, {steps} steps"
            model = partial(Model, seed, vocabulary=vocabulary)
            given = {"prompt": prompt_of(0), "eos": eos, "width": width, "steps": steps}
            judge(candidate, reference, model, case=case, **given)


def test_impossible_tokens(candidate, reference, seed):
    """Tokens of log-probability −∞ give no hypothesis, even if the beam stays small
    对数概率为 −∞ 的 token 不产生序列，哪怕 beam 填不满"""

    class Strict(Model):
        def __call__(self, prefixes):
            scores = super().__call__(prefixes).clone()
            allowed = torch.arange(self.vocabulary, device=scores.device) % 3 == prefixes.shape[1] % 3
            return scores.masked_fill(~allowed, -torch.inf)

    for width, steps in ((20, 2), (3, 5), (200, 4), (5, 1)):
        case = f"B = {width}, {steps} steps"
        _, scores = told(candidate.beam_search(Strict(seed), prompt_of(), 0, width, steps, 0.6))
        kept = bool((scores == -torch.inf).any())  # in which order, nobody says
        holds(
            not kept,
            "An impossible hypothesis, of log-probability −∞, is in the beam.",
            "beam 里有不可能出现的序列：对数概率是 −∞。",
            value="kept" if kept else "dropped",
            name=f"impossible tokens ({case})",
        )
        judge(candidate, reference, lambda: Strict(seed), width=width, steps=steps, case=case)


def test_dead_end(candidate, seed):
    """Where every token is impossible, nothing is left: the search stops, and the result is empty
    每个 token 都不可能时，什么也不剩：搜索停止，结果为空"""

    class Dead(Model):
        def __call__(self, prefixes):
            scores = super().__call__(prefixes)
            return scores if prefixes.shape[1] < 5 else torch.full_like(scores, -torch.inf)

    model = Dead(seed, eos_bias=-30.0)
    result = candidate.beam_search(model, prompt_of(), 0, 3, 6)
    holds(
        len(result) == 0,
        "Every continuation was impossible, and yet something is returned.",
        "所有续写都不可能，却仍返回了结果。",
        value=len(result),
        name="hypotheses left",
    )
    empty = sum(len(prefixes) == 0 for prefixes in model.calls)
    holds(
        empty == 0,
        "The model was called with no prefix at all.",
        "调用模型时一个前缀也没有给。",
        value=empty,
        name="empty calls",
    )


def test_unnormalised(candidate, reference, seed):
    """Values are used as they come, even if they do not sum to 1
    数值按原样使用，即使没有归一化"""

    class Loose(Model):
        def __call__(self, prefixes):
            return super().__call__(prefixes) - (prefixes[:, -1:] * 0.37 + 0.2)

    judge(candidate, reference, lambda: Loose(seed, eos_bias=-0.5))

    class Remote(Model):
        def __call__(self, prefixes):
            scores = super().__call__(prefixes).clone()
            scores[:, 5] = -4e9  # improbable, not impossible
            return scores

    judge(candidate, reference, lambda: Remote(seed), steps=1, width=7, case="a value of −4·10⁹")


def test_long_and_improbable(candidate, reference, seed):
    """A hundred improbable tokens in a row do not underflow
    连续上百个小概率 token 也不会下溢"""

    class Rare(Model):
        def __call__(self, prefixes):
            return super().__call__(prefixes) - 11.0

    judge(candidate, reference, lambda: Rare(seed, eos_bias=-5.0), steps=90, width=2)


def test_calls(candidate, seed):
    """The model is called once a step, with every live hypothesis once, and with no other
    每一步只调用一次模型，传入每个未结束的序列各一次，不传别的"""
    for eos_bias, steps in ((1.2, 8), (-0.5, 5), (-30.0, 4)):
        model, prompt = Model(seed, eos_bias=eos_bias), prompt_of()
        result = candidate.beam_search(model, prompt, 0, 4, steps, 0.6)
        lengths = [call.shape[1] - len(prompt) for call in model.calls]
        holds(
            lengths == list(range(len(lengths))) and len(lengths) <= steps,
            "The model is not called exactly once a step with prompt and all tokens so far.",
            "没有做到每步恰好调用一次模型、并传入 prompt 和到目前为止的全部 token。",
            value=str(lengths),
        )
        rows = [row.tolist() for call in model.calls for row in call]
        holds(
            all(row[: len(prompt)] == prompt.tolist() for row in rows),
            "A prefix does not begin with the prompt.",
            "有前缀不是以 prompt 开头。",
        )
        holds(
            not any(0 in row[len(prompt) :] for row in rows),
            "The model is asked to continue a hypothesis that has ended.",
            "让模型去续写已经结束的序列。",
            value=str([len(call) for call in model.calls]),
        )
        holds(
            len({tuple(row) for row in rows}) == len(rows) and all(len(call) <= 4 for call in model.calls),
            "The model is given the same prefix twice, or more prefixes than the beam has places.",
            "给模型传了重复的前缀，或者传入的前缀比 beam 的名额还多。",
            value=str([len(call) for call in model.calls]),
        )
        ended = [len(tokens) > 0 and tokens[-1] == 0 for tokens, _ in result]
        holds(
            len(lengths) == steps or all(ended),
            "The search stops although there are live hypotheses and steps left.",
            "还有未结束的序列、步数也没用完，搜索就停了。",
            value=str(lengths),
        )


def test_result(candidate, seed):
    """The result is a list of (list of ints, float), with distinct tokens
    返回 (int 列表, float) 的列表，各序列互不相同"""
    result = candidate.beam_search(Model(seed), prompt_of(), 0, 3, 4, 0.6)
    kinds = isinstance(result, list) and all(
        isinstance(tokens, list) and all(type(t) is int for t in tokens) and type(score) is float
        for tokens, score in result
    )
    holds(
        kinds,
        "The result is not a list of pairs (list of ints, float).",
        "返回的不是由 (int 列表, float) 组成的列表。",
    )
    holds(
        len({tuple(tokens) for tokens, _ in result}) == len(result),
        "The result holds the same hypothesis more than once.",
        "结果里同一个序列出现了多次。",
    )


def test_keywords(candidate, reference, seed):
    """Arguments go by name
    参数可按名字传入"""
    given = {"alpha": 0.5, "max_new_tokens": 4, "beam_width": 2, "eos": 1}
    results = [
        m.beam_search(prompt=prompt_of(2, 6), log_probs=Model(seed), **given) for m in (candidate, reference)
    ]
    same_beam(*results)


def test_float32(candidate, reference, seed):
    """A float32 model gives the same hypotheses
    float32 的模型也得到同样的序列"""
    judge(candidate, reference, lambda: Model(seed, dtype=torch.float32), tolerance=(1e-4, 1e-4))


def test_side_effects(candidate, seed):
    """Neither the prompt nor the model's tensors are edited, nor is anything reseeded; grad mode stays
    不改动 prompt 和模型的张量，不重新设种子，梯度开关保持原样"""
    (scores,) = normal(seed, (1, 6), grad=False)
    log_probs = scores.log_softmax(-1)
    prompt = prompt_of()
    with unchanged(prompt=prompt, log_probs=log_probs):
        candidate.beam_search(lambda prefixes: log_probs.expand(len(prefixes), 6), prompt, 0, 2, 5, 0.6)
        candidate.beam_search(lambda prefixes: log_probs, prompt, 0, 1, 5, 0.6)
    calls = [
        lambda: candidate.beam_search(
            lambda prefixes: log_probs.expand(len(prefixes), 6), prompt, 0, 2, 4, 0.6
        ),
        lambda: candidate.beam_search(lambda prefixes: log_probs, prompt, 0, 1, 3),
    ]
    undisturbed(calls, prompt=prompt, log_probs=log_probs)
    holds(torch.is_grad_enabled(), "Gradients are switched off afterwards.", "调用之后梯度被关闭了。")
    not_reseeded(lambda: candidate.beam_search(lambda p: torch.rand(len(p), 4).log(), prompt, 0, 2, 2, 0.6))


def test_model_with_gradients(candidate, reference, seed):
    """Log-probabilities may require gradients; searching again gives the same
    log_probs 的输出可以带梯度；再搜一次结果相同"""

    class Learned(Model):
        def __call__(self, prefixes):
            return super().__call__(prefixes).requires_grad_()

    for case in ("first", "again"):
        judge(candidate, reference, lambda: Learned(seed), case=case)
