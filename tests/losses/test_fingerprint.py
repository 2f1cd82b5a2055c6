"""What tells the features of one style image from those of another."""

import torch

from stylelightning.losses.fingerprint import alike, fingerprint


def test_rounding_is_no_other_set_and_other_vectors_are() -> None:
    vectors = torch.rand((50, 6), generator=torch.Generator().manual_seed(1))
    own = fingerprint(vectors)
    assert own.shape == (2, 6)
    assert alike(own, fingerprint(vectors.bfloat16()))  # rounds by 1 / 256 at most
    assert not alike(own, fingerprint(1.1 * vectors))
    assert not alike(own, fingerprint(vectors[:, :5]))


def test_one_vector_has_no_deviation() -> None:
    # by hand
    expected = torch.tensor([[1.0, 2.0], [0.0, 0.0]])
    assert fingerprint(torch.tensor([[1.0, 2.0]])).equal(expected)
