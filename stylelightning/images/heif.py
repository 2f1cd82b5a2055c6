"""The reader of HEIF pictures, a package of its own."""

from importlib.util import find_spec


def add_heif_reader() -> None:
    """Let Pillow read HEIF in this process, if the package for it is there."""
    if find_spec("pi_heif") is not None:
        import pi_heif

        pi_heif.register_heif_opener()
