"""The package's own parametrisations: what goes in comes out, and how far a step goes."""

from collections.abc import Callable

import pytest
import torch
from torch import Tensor
from torch.optim import SGD, Adam

from stylelightning.canvas import Canvas
from stylelightning.parametrizations import (
    DecorrelatedParametrization,
    FourierParametrization,
    LaplacianParametrization,
    LinearParametrization,
    Parametrization,
    PixelParametrization,
    SigmoidParametrization,
)

LINEAR: dict[str, Callable[[], LinearParametrization]] = {
    "pixels": PixelParametrization,
    "fourier": FourierParametrization,
    "fourier-flat": lambda: FourierParametrization(exponent=0),
    "laplacian": LaplacianParametrization,
    "laplacian-2": lambda: LaplacianParametrization(levels=2),
    "colours": DecorrelatedParametrization,
    "colours-fourier": lambda: DecorrelatedParametrization(FourierParametrization()),
    "colours-laplacian": lambda: DecorrelatedParametrization(LaplacianParametrization()),
}
SIGMOIDS: dict[str, Callable[[], Parametrization]] = {
    "sigmoid": SigmoidParametrization,
    "sigmoid-laplacian": lambda: SigmoidParametrization(LaplacianParametrization(2)),
    "lucid": lambda: SigmoidParametrization(DecorrelatedParametrization(FourierParametrization())),
}
SIZES = [(7, 9), (8, 8), (6, 5), (1, 6), (5, 1), (1, 1)]
bases = pytest.mark.parametrize("make", LINEAR.values(), ids=LINEAR)
sigmoids = pytest.mark.parametrize("make", SIGMOIDS.values(), ids=SIGMOIDS)
everything = pytest.mark.parametrize(
    "make", [*LINEAR.values(), *SIGMOIDS.values()], ids=[*LINEAR, *SIGMOIDS]
)


def encoded(make: Callable[[], Parametrization], picture: Tensor) -> Parametrization:
    parametrization = make()
    parametrization.encode(picture)
    return parametrization


def random_picture(*size: int, dtype: torch.dtype = torch.float64) -> Tensor:
    return torch.rand(1, 3, *size, dtype=dtype, generator=torch.Generator().manual_seed(0))


@bases
@pytest.mark.parametrize("size", SIZES, ids=str)
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64], ids=str)
def test_a_picture_comes_back_as_it_was(
    make: Callable[[], Parametrization], size: tuple[int, int], dtype: torch.dtype
) -> None:
    picture = random_picture(*size, dtype=dtype)
    decoded = encoded(make, picture).decode()
    assert decoded.dtype == dtype
    assert decoded.is_contiguous()
    torch.testing.assert_close(decoded.detach(), picture)


@sigmoids
@pytest.mark.parametrize("size", SIZES, ids=str)
def test_under_a_sigmoid_a_picture_comes_back_but_for_the_margin(
    make: Callable[[], Parametrization], size: tuple[int, int]
) -> None:
    picture = random_picture(*size)
    picture[..., 0, 0] = 0
    decoded = encoded(make, picture).decode().detach()
    torch.testing.assert_close(decoded, picture.clamp(0.01, 0.99))


@everything
def test_the_picture_that_is_given_stays_as_it_is_and_so_does_its_precision(
    make: Callable[[], Parametrization],
) -> None:
    given = random_picture(5, 7, dtype=torch.float32).to(memory_format=torch.channels_last)
    kept = given.clone()
    parametrization = encoded(make, given)
    with torch.no_grad():
        for each in parametrization.parameters():
            each.add_(1)
            assert each.dtype == torch.float32
            assert each.is_contiguous()  # torch's L-BFGS needs it
    parametrization.project()
    assert torch.equal(given, kept)


@everything
@pytest.mark.parametrize("size", [(7, 9), (1, 4)], ids=str)
def test_the_gradient_at_the_parameters_is_right(
    make: Callable[[], Parametrization], size: tuple[int, int]
) -> None:
    parametrization = encoded(make, random_picture(*size))
    names = [name for name, _ in parametrization.named_parameters()]

    def decode(*values: Tensor) -> Tensor:
        given = dict(zip(names, values, strict=True))
        decoded: Tensor = torch.func.functional_call(_Decoder(parametrization), _below(given), ())
        return decoded

    values = [each.detach().clone().requires_grad_() for each in parametrization.parameters()]
    assert torch.autograd.gradcheck(decode, values)


class _Decoder(torch.nn.Module):
    def __init__(self, of: Parametrization) -> None:
        super().__init__()
        self.of = of

    def forward(self) -> Tensor:
        return self.of.decode()


def _below(values: dict[str, Tensor]) -> dict[str, Tensor]:
    return {f"of.{name}": value for name, value in values.items()}


@bases
def test_it_is_the_picture_that_is_cut(make: Callable[[], Parametrization]) -> None:
    picture = 3 * random_picture(7, 9) - 1
    parametrization = encoded(make, picture)
    before = [*parametrization.parameters()]
    parametrization.project()
    torch.testing.assert_close(parametrization.decode().detach(), picture.clamp(0, 1))
    assert all(a is b for a, b in zip(before, parametrization.parameters(), strict=True))


@bases
def test_cutting_changes_nothing_in_range(make: Callable[[], Parametrization]) -> None:
    picture = random_picture(7, 9)
    parametrization = encoded(make, picture)
    parametrization.project()
    torch.testing.assert_close(parametrization.decode().detach(), picture)


@sigmoids
def test_no_step_leaves_the_range_of_a_sigmoid(make: Callable[[], Parametrization]) -> None:
    parametrization = encoded(make, random_picture(7, 9))
    with torch.no_grad():
        for each in parametrization.parameters():
            each.mul_(50)
    before = [each.clone() for each in parametrization.parameters()]
    parametrization.project()
    decoded = parametrization.decode().detach()
    assert decoded.min() >= 0
    assert decoded.max() <= 1
    assert all(torch.equal(a, b) for a, b in zip(before, parametrization.parameters(), strict=True))


@everything
def test_the_average_is_one_of_pictures(make: Callable[[], Parametrization]) -> None:
    canvas = Canvas(make(), averaging=0.9)
    for first in (random_picture(7, 9), random_picture(5, 4)):  # another size starts again
        canvas.encode(first)
        shown = []
        for _ in range(2):
            with torch.no_grad():
                for each in canvas.parameters():
                    each.mul_(0.9)
            canvas.update_average()
            shown.append(canvas.decode().detach().clone())
        # by hand: weights 0.1 * 0.9 and 0.1, divided by their sum
        expected = (0.09 * shown[0] + 0.1 * shown[1]) / 0.19
        torch.testing.assert_close(canvas.picture, expected.clamp(0, 1))


def stepped(
    make: Callable[[], Parametrization], optimizer: type[SGD | Adam], rate: float
) -> tuple[Tensor, Tensor]:
    """Return a picture and what a step downhill makes of it."""
    picture = random_picture(33, 33).mul(0.2).add(0.4)
    parametrization = encoded(make, picture)
    weights = torch.randn(picture.shape, dtype=picture.dtype)
    stepper = optimizer(parametrization.parameters(), lr=rate)
    (parametrization.decode() * weights).sum().backward()  # type: ignore[no-untyped-call]
    stepper.step()
    return picture, parametrization.decode().detach()


def test_sgd_in_an_orthonormal_basis_is_sgd_in_pixels() -> None:
    torch.manual_seed(0)
    _, in_pixels = stepped(PixelParametrization, SGD, 0.01)
    torch.manual_seed(0)
    _, in_waves = stepped(lambda: FourierParametrization(exponent=0), SGD, 0.01)
    torch.testing.assert_close(in_waves, in_pixels)


# an invariant of Adam's first step: every parameter moves by the rate
@pytest.mark.parametrize(
    "make", [*LINEAR.values(), SigmoidParametrization], ids=[*LINEAR, "sigmoid"]
)
def test_a_step_of_adam_is_about_its_rate(make: Callable[[], Parametrization]) -> None:
    before, after = stepped(make, Adam, 0.01)
    change = float((after - before).square().mean().sqrt())
    assert 0.3 * 0.01 < change < 1.5 * 0.01


def test_no_pixel_moves_by_more_than_the_rate_with_bands() -> None:
    before, after = stepped(LaplacianParametrization, Adam, 0.01)
    assert float((after - before).abs().max()) <= 0.01 * (1 + 1e-6)


def test_white_noise_in_the_parameters_is_a_picture_with_the_spectrum_of_photographs() -> None:
    fourier = encoded(FourierParametrization, torch.zeros(1, 3, 64, 64, dtype=torch.float64))
    noise = torch.randn(1, 3, 64, 64, generator=torch.Generator().manual_seed(0))
    (coefficients,) = fourier.parameters()
    with torch.no_grad():
        coefficients.copy_(noise)
    power = torch.fft.fft2(fourier.decode().detach()).abs().square().mean((0, 1))
    frequency = torch.fft.fftfreq(64, dtype=torch.float64)
    radius = torch.hypot(frequency[:, None], frequency)
    inside = (radius > 0.03) & (radius < 0.5)
    x, y = radius[inside].log(), power[inside].log()
    slope = ((x - x.mean()) * (y - y.mean())).sum() / (x - x.mean()).square().sum()
    # by hand: amplitude 1 / f is power 1 / f^2
    assert float(slope) == pytest.approx(-2, abs=0.1)


def test_the_first_of_the_other_colours_is_light() -> None:
    gray = encoded(DecorrelatedParametrization, torch.full((1, 3, 2, 2), 0.5))
    (parameter,) = gray.parameters()
    light, red, green = parameter.detach().abs().amax((0, 2, 3)).tolist()
    assert light > 5 * max(red, green)


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: FourierParametrization(-1), "`exponent` .* from 0 to 4, got -1"),
        (lambda: FourierParametrization(float("nan")), "`exponent` .* from 0 to 4, got nan"),
        (lambda: LaplacianParametrization(0), "`levels` .* at least 1, got 0"),
    ],
)
def test_an_option_out_of_range_is_refused(make: Callable[[], object], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        make()
