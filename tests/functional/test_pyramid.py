"""Pictures as sums of bands."""

import pytest
import torch

from stylelightning.functional.pyramid import laplacian_bands, sum_of_bands


@pytest.mark.parametrize("size", [(7, 9), (8, 8), (1, 6), (5, 1), (1, 1)], ids=str)
@pytest.mark.parametrize("levels", [0, 1, 3, 9])
def test_the_bands_add_up_to_the_picture(size: tuple[int, int], levels: int) -> None:
    picture = torch.rand(1, 3, *size, dtype=torch.float64)
    torch.testing.assert_close(sum_of_bands(laplacian_bands(picture, levels)), picture)


def test_each_band_is_half_as_large_down_to_one_pixel() -> None:
    bands = laplacian_bands(torch.rand(1, 3, 7, 9), 9)
    assert [tuple(band.shape[2:]) for band in bands] == [(7, 9), (4, 5), (2, 3), (1, 2), (1, 1)]


def test_a_flat_picture_is_in_the_rest_alone() -> None:
    *bands, rest = laplacian_bands(torch.full((1, 3, 7, 9), 0.25), 3)
    torch.testing.assert_close(rest, torch.full_like(rest, 0.25))
    for band in bands:
        torch.testing.assert_close(band, torch.zeros_like(band))


def test_fine_noise_is_mostly_in_the_finest_band() -> None:
    noise = torch.randn(1, 3, 64, 64, generator=torch.Generator().manual_seed(0))
    bands = laplacian_bands(noise, 3)
    energies = [float(band.square().mean()) for band in bands]
    assert energies == sorted(energies, reverse=True)
