def cosine_lr(
    step: int, max_lr: float, total_steps: int, warmup_steps: int = 0, min_lr: float = 0.0
) -> float:
    raise NotImplementedError
