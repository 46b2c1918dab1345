"""What a grading suite imports: seeded inputs, comparisons that explain themselves, gradients, training.

Names are looked up when they are asked for, as processes that never import torch read `dlkata.suite.finding`.
"""

from importlib import import_module
from typing import Any

# fmt: off
HOLDS = {
    "inputs": ("normal", "integers", "place", "digits", "data_file"),
    "comparing": ("difference",),
    "memory": ("Memory",),
    "judging": ("same", "near", "holds", "rejects", "unchanged", "not_reseeded"),
    "backward": ("differentiate", "gradients"),
    "training": ("follows", "reaches"),
    "layers": (
        "adopt", "adopted", "copies_apart", "draw", "learned", "same_names", "share_nothing", "starts_like", "stir",
        "travels", "twins",
    ),
    "calls": (
        "agree", "any_layout", "calls_apart", "cast", "keeps_dtype", "layouts", "leaves_alone", "modes_alike",
        "samples_apart",
    ),
    "chances": ("drawn_apart", "varies"),
    "classes": ("accuracy", "train"),
    "optimizers": (
        "SHAPES", "give", "snapshot", "named", "odd", "survives", "trajectory", "same_trajectory",
        "same_trajectories", "only_decay", "zeros_among_gradients", "missing_gradients", "steps_without_gradient",
        "one_number", "from_generator", "through_views", "strided", "side_by_side", "full_precision", "network",
        "toy_batches", "fit",
    ),
    "optimizer_effects": ("records_nothing", "draws_nothing", "keeps_gradients", "holds_no_graph"),
    "randomness": ("spread", "independent"),
    "sequences": (
        "COARSE", "visible", "causal", "real", "parameters_of", "alike", "slopes", "starts_uniform",
        "refuses_sizes", "undisturbed", "opposed", "pair", "descend", "characters", "first_remembered",
    ),
    "settings": ("setting", "TOLERANCES", "EXACT"),
    "journals": ("journal", "kind_of"),
    "finding": ("Finding", "Mismatch"),
}
# fmt: on
HOME = {name: module for module, names in HOLDS.items() for name in names}


def __getattr__(name: str) -> Any:
    if name not in HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{HOME[name]}"), name)
