"""One form for all spellings of a built-in's name."""

import re

# Variants of one function, by what they are for or who computes them.
VARIANT = re.compile(
    r"^(?:special|native|fused|safe|masked|sparse|cudnn|mkldnn|miopen|nested)_(?=\w)"
    r"|_(?:flash|efficient|cudnn|overrideable)(?=_attention)"
    r"|(?<=norm)[123]d$|(?<=loss)(?:2d(?:_forward)?|_forward|_nd)$"
    r"|(?<=\w)_(?:legit|functional|impl_index|with_update|no_update|for_cpu|for_mps|math|overrideable)$"
)
WORD = re.compile(r"[A-Za-z_][A-Za-z0-9_.]*")


def plain(name: str) -> str:
    """LayerNorm, native_layer_norm, F.layer_norm, layer_norm_ → layer_norm."""
    name = name.removesuffix(".default").rpartition(".")[2]
    name = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", name).lower().strip("_")
    while (stripped := VARIANT.sub("", name)) != name:
        name = stripped
    return name


def mentioned(text: str) -> set[str]:
    """Every name a text mentions, as it stands and in its plain form."""
    words = {word.strip(".") for word in WORD.findall(text)}
    return words | {plain(word) for word in words if word}
