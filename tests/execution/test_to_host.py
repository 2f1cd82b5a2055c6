"""Copies to the host hold what the tensors were when they were asked for."""

import pytest
import torch

from stylelightning.execution.to_host import to_host


@pytest.mark.parametrize("device", ["cpu", pytest.param("cuda", marks=pytest.mark.gpu)])
def test_copies_are_not_changed_by_what_follows(device: str) -> None:
    picture = torch.full((1, 3, 256, 256), 0.5, device=device, requires_grad=True)
    matrix = torch.eye(4, device=device, dtype=torch.bfloat16)
    wait = to_host({"picture": picture, "matrix": matrix})
    with torch.no_grad():
        picture.zero_()
        matrix.zero_()
    copies = wait()
    assert {each.device.type for each in copies.values()} == {"cpu"}
    assert not copies["picture"].requires_grad
    assert torch.equal(copies["picture"], torch.full((1, 3, 256, 256), 0.5))
    assert torch.equal(copies["matrix"], torch.eye(4, dtype=torch.bfloat16))


@pytest.mark.gpu
def test_a_copy_waits_for_nothing_on_a_gpu() -> None:
    picture = torch.rand(1, 3, 64, 64, device="cuda")
    to_host({"picture": picture})()  # streams and pinned memory are made
    torch.cuda.set_sync_debug_mode("error")
    try:
        wait = to_host({"picture": picture})
    finally:
        torch.cuda.set_sync_debug_mode("default")
    assert torch.equal(wait()["picture"], picture.cpu())
