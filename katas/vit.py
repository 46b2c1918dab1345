from torch import Tensor, nn


def patchify(images: Tensor, patch_size: int) -> Tensor:
    raise NotImplementedError


def resize_positions(positions: Tensor, grid: tuple[int, int], new_grid: tuple[int, int]) -> Tensor:
    raise NotImplementedError


class ViT(nn.Module):
    def __init__(
        self,
        image_size: tuple[int, int],
        patch_size: int,
        in_channels: int,
        num_classes: int,
        d_model: int,
        n_layers: int,
        n_heads: int,
    ):
        raise NotImplementedError

    def forward(self, images: Tensor) -> Tensor:
        raise NotImplementedError
