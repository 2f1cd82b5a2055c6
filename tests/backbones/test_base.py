import pytest
import torch

from stylelightning.backbones import Backbone, Pixels, RandomMultiscale
from tests.backbones.measure import picture


@pytest.fixture(params=[Pixels, RandomMultiscale])
def backbone(request: pytest.FixtureRequest) -> Backbone:
    built = request.param()
    assert isinstance(built, Backbone)
    return built


def test_backbone_names_its_layers_in_depth_order(backbone: Backbone) -> None:
    strides = [backbone.layer_table[name].stride for name in backbone.layers]
    assert strides == [1, 2, 4, 8]
    assert [layer.name for layer in backbone.layer_table.values()] == list(backbone.layers)


def test_backbone_is_frozen_whatever_mode_is_asked(backbone: Backbone) -> None:
    assert not backbone.training
    assert not backbone.train().training
    assert not any(parameter.requires_grad for parameter in backbone.parameters())


def test_backbone_returns_only_the_layers_asked_for(backbone: Backbone) -> None:
    wanted = backbone.layers[2:0:-1]
    features = backbone(picture(1, 3, 16, 16), iter(wanted))
    assert set(features) == set(wanted)
    assert backbone(picture(1, 3, 16, 16), []) == {}


def test_backbone_shapes_follow_the_layer_table(backbone: Backbone) -> None:
    features = backbone(picture(2, 3, 37, 50), backbone.layers)
    for name, layer in backbone.layer_table.items():
        expected = (2, layer.channels, 37 // layer.stride, 50 // layer.stride)
        assert features[name].shape == expected


def test_backbone_treats_every_picture_of_a_batch_alone(backbone: Backbone) -> None:
    images = picture(3, 3, 16, 24)
    together = backbone(images, backbone.layers)
    for n, image in enumerate(images):
        alone = backbone(image[None], backbone.layers)
        for name in backbone.layers:
            torch.testing.assert_close(together[name][n], alone[name][0])


def test_backbone_leaves_the_picture_as_it_is(backbone: Backbone) -> None:
    image = picture(1, 3, 16, 16)
    before = image.clone()
    backbone(image, backbone.layers)
    assert torch.equal(image, before)


def test_backbone_gradient_is_that_of_finite_differences(backbone: Backbone) -> None:
    image = picture(1, 3, 8, 9, dtype=torch.float64).requires_grad_()
    backbone = backbone.double()
    assert torch.autograd.gradcheck(
        lambda x: tuple(backbone(x, backbone.layers).values()), image, fast_mode=True
    )


def test_backbone_keeps_its_values_and_gradient_under_bfloat16_autocast(
    backbone: Backbone,
) -> None:
    image = picture(1, 3, 16, 16).requires_grad_()
    expected = backbone(image, backbone.layers)
    with torch.autocast("cpu", torch.bfloat16):
        features = backbone(image, backbone.layers)
    for name in backbone.layers:
        # bfloat16 has 8 bits of mantissa; answers are sums of up to 363 products of size 1
        torch.testing.assert_close(features[name].float(), expected[name], rtol=2e-2, atol=5e-2)
    (gradient,) = torch.autograd.grad(sum(f.float().sum() for f in features.values()), image)
    assert gradient.dtype == torch.float32
    assert gradient.isfinite().all()
    assert gradient.abs().sum() > 0


def test_unknown_layer_is_refused_with_the_near_ones() -> None:
    with pytest.raises(
        ValueError,
        match=r"^Unknown layer 'octave9' for Pixels\. Near ones: octave\d, octave\d, octave\d, "
        r"octave\d\.$",
    ):
        Pixels()(picture(1, 3, 8, 8), ["octave1", "octave9"])


def test_layer_unlike_any_is_refused_with_all_of_them() -> None:
    with pytest.raises(
        ValueError, match=r"^Unknown layer 'relu4_2' for Pixels\. Its layers: octave1, octave2\.$"
    ):
        Pixels(octaves=2)(picture(1, 3, 8, 8), ["relu4_2"])


@pytest.mark.parametrize("shape", [(3, 8, 8), (3, 3, 8), (1, 1, 8, 8), (1, 4, 8, 8)])
def test_what_is_no_picture_is_refused(backbone: Backbone, shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match=r"^`image` must have shape \(B, 3, H, W\), got \("):
        backbone(torch.zeros(shape), backbone.layers[:1])


def test_small_picture_is_refused_with_the_size_that_works(backbone: Backbone) -> None:
    deepest = backbone.layers[-1]
    with pytest.raises(
        ValueError,
        match=rf"^A picture of 20 x 7 pixels is too small for layer '{deepest}' of "
        rf"{type(backbone).__name__}, which needs sides of at least 8 pixels\. Take a larger "
        r"picture or a shallower layer\.$",
    ):
        backbone(picture(1, 3, 7, 20), [deepest])
    assert backbone.smallest_side(backbone.layers) == 8
    assert backbone.smallest_side([]) == 1
