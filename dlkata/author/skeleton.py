"""The five files of a new kata, each place to fill in marked TODO."""

import keyword
import re
from pathlib import Path

from dlkata.content.library import Library
from dlkata.errors import DlkataError
from dlkata.locale import _

PAGE = """\
+++
level = 2
minutes = 20
topic = '{topic}'
order = {order}
concepts = []
after = []
forbids = []                 # TODO what would make the kata trivial
+++
# en: TODO title
TODO what to build and why it matters, in two or three sentences.

$$
y = f(x)
$$

**Contract**

- `{name}(x)`: TODO names, shapes, dtypes, what is returned.

**Forbidden**

- TODO each name in `forbids`.
# zh: TODO 标题
TODO 要实现什么、为什么重要，两三句话。

$$
y = f(x)
$$

**约定**

- `{name}(x)`：TODO 名字、形状、dtype、返回值。

**禁用**

- TODO `forbids` 里的每个名字。
"""
STUB = """\
from torch import Tensor


def {name}(x: Tensor) -> Tensor:
    raise NotImplementedError
"""
REFERENCE = '''\
"""TODO the formula, with the paper's symbols."""

from torch import Tensor


def {name}(x: Tensor) -> Tensor:
    return x  # TODO name the intermediates, one a line
'''
SOLUTION = """\
# At least three hints: the idea, the shape or formula, almost the code.
[[hints]]
en = 'TODO'
zh = 'TODO 提示'

# The why of a line of the reference.
[[notes]]
line = 'return x'
en = 'TODO'
zh = 'TODO 说明'

# Three: what an interviewer asks next.
[[follow_ups]]
en = 'TODO'
zh = 'TODO 追问'
answer_en = 'TODO'
answer_zh = 'TODO 回答'

# At least ten: mistakes learners really make, each as an edit of the reference.
[[bugs]]
name = 'wrong_sign'
find = 'return x'
becomes = 'return -x'
en = 'TODO what the learner sees and what to change, without the code.'
zh = 'TODO 学习者看到什么、该改什么，但不写出代码。'
"""
SUITE = '''\
"""Grades katas/{name}.py."""

from dlkata.suite import gradients, normal, same


def inputs(seed):
    return normal(seed, (3, 5, 4))  # TODO all sizes differ


def test_output(candidate, reference, seed):
    """TODO The output is right
    TODO 输出正确"""
    same(candidate.{name}(*inputs(seed)), reference.{name}(*inputs(seed)))


def test_gradients(candidate, reference, seed):
    """The gradient of x is right
    x 的梯度正确"""
    mine, theirs = inputs(seed), inputs(seed)
    same(gradients(candidate.{name}(*mine), mine), gradients(reference.{name}(*theirs), theirs), ["∂L/∂x"])
'''


def write_skeleton(name: str, topic: str, library: Library, root: Path | None) -> list[Path]:
    """Writes the files and returns them; nothing that exists is touched."""
    stem = name.replace("-", "_")
    if not re.fullmatch(r"[a-z][a-z0-9_]*", stem) or keyword.iskeyword(stem):
        raise DlkataError(
            _("`{name}` is no stem.", name=name),
            _("Use small letters, digits and underscores; no word of Python's own."),
        )
    if root is None and not Path("katas").is_dir():
        raise DlkataError(
            _("Here is no folder `katas`."),
            _("Go to your pack, or name it: dlkata author new {name} --root FOLDER", name=name),
        )
    root = root or Path.cwd()
    order = max((kata.head.order for kata in library.katas if kata.head.topic == topic), default=0) + 10
    texts = {
        root / "katas" / f"{stem}.md": PAGE,
        root / "katas" / f"{stem}.py": STUB,
        root / "solutions" / f"{stem}.py": REFERENCE,
        root / "solutions" / f"{stem}.toml": SOLUTION,
        root / "tests" / "katas" / f"test_{stem}.py": SUITE,
    }
    for file in texts:
        if file.exists():
            raise DlkataError(_("{file} exists already.", file=file), _("Choose another name."))
    for file, text in texts.items():
        file.parent.mkdir(parents=True, exist_ok=True)
        filled = text.replace("{name}", stem).replace("{topic}", topic).replace("{order}", str(order))
        file.write_text(filled, encoding="utf-8")
    return list(texts)
