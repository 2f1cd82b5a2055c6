from pathlib import Path

import pytest
import torch

from stylelightning.files.caches import own_cache, torch_hub_cache


@pytest.fixture(autouse=True)
def _home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("STYLELIGHTNING_CACHE", "XDG_CACHE_HOME", "LOCALAPPDATA", "TORCH_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))


@pytest.mark.parametrize(
    ("platform", "folder"),
    [
        # the XDG base directory specification, Apple's file system guide, Windows' known folders
        ("linux", ".cache/stylelightning"),
        ("freebsd14", ".cache/stylelightning"),
        ("darwin", "Library/Caches/stylelightning"),
        ("win32", "AppData/Local/stylelightning"),
    ],
)
def test_each_platform_has_its_own_cache_folder(platform: str, folder: str, tmp_path: Path) -> None:
    assert own_cache(platform) == tmp_path / folder


@pytest.mark.parametrize(
    ("platform", "variable"), [("linux", "XDG_CACHE_HOME"), ("win32", "LOCALAPPDATA")]
)
def test_the_platforms_variable_moves_it(
    platform: str, variable: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(variable, str(tmp_path / "elsewhere"))
    assert own_cache(platform) == tmp_path / "elsewhere" / "stylelightning"


@pytest.mark.parametrize("value", ["", "relative/folder"])
def test_a_relative_xdg_folder_is_ignored(
    value: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", value)
    assert own_cache("linux") == tmp_path / ".cache" / "stylelightning"


@pytest.mark.parametrize("platform", ["linux", "darwin", "win32"])
def test_our_own_variable_names_the_folder_itself(
    platform: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "other"))
    monkeypatch.chdir(tmp_path)
    for value in ("~/kept", str(tmp_path / "kept"), "kept"):
        monkeypatch.setenv("STYLELIGHTNING_CACHE", value)
        assert own_cache(platform) == tmp_path / "kept"


def test_a_home_that_nobody_knows_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STYLELIGHTNING_CACHE", "~nobody-of-that-name/cache")
    with pytest.raises(
        ValueError,
        match=r"^There is no home folder for ~nobody-of-that-name/cache: set STYLELIGHTNING_CACHE "
        r"to a folder for what is fetched\.$",
    ):
        own_cache()


@pytest.mark.parametrize(
    "variables",
    [
        {},
        {"XDG_CACHE_HOME": "/x"},
        {"TORCH_HOME": "~/t"},
        {"TORCH_HOME": "/t", "XDG_CACHE_HOME": "/x"},
    ],
)
def test_the_folder_of_torch_hub_is_torchs(
    variables: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    # oracle: torch
    assert torch_hub_cache() == Path(torch.hub.get_dir(), "checkpoints")
