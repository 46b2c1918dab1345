"""What a grading suite imports: seeded inputs, comparisons that explain themselves, gradients, training.

Names are looked up when they are asked for, as processes that never import torch read `dlkata.suite.finding`.
"""

from importlib import import_module
from typing import Any

HOLDS = {
    "inputs": ("normal", "integers", "place", "digits", "data_file"),
    "comparing": ("difference",),
    "judging": ("same", "near", "holds", "rejects", "unchanged", "not_reseeded"),
    "backward": ("gradients",),
    "training": ("follows", "reaches"),
    "layers": ("adopt", "draw"),
    "sequences": (
        "COARSE",
        "visible",
        "causal",
        "real",
        "parameters_of",
        "alike",
        "slopes",
        "starts_uniform",
        "refuses_sizes",
        "undisturbed",
        "opposed",
        "pair",
        "descend",
        "characters",
        "first_remembered",
    ),
    "settings": ("setting", "TOLERANCES", "EXACT"),
    "journals": ("journal", "kind_of"),
    "finding": ("Finding", "Mismatch"),
}
HOME = {name: module for module, names in HOLDS.items() for name in names}


def __getattr__(name: str) -> Any:
    if name not in HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{HOME[name]}"), name)
