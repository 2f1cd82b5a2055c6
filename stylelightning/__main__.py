"""``python -m stylelightning``: answers what needs no torch, then hands over to the CLI."""

import sys

from stylelightning import __version__

COMMANDS = ("fit", "plan", "sweep", "batch", "test", "list", "weights")
USAGE = """\
usage: stylelightning [--version] [--help] COMMAND ...

Neural style transfer by optimisation: one command turns two pictures into a third.

commands:
  fit      optimise a picture: stylelightning fit --config configs/quickstart.yaml
  plan     what that would take, time and memory, with the same options
  sweep    runs that differ in some keys: stylelightning sweep --config configs/sweeps/start.yaml
  batch    every content image in every style: stylelightning batch --contents photos --styles art
  test     how near a picture is to its style and its content: stylelightning test --image out.png
  list     what a config may name: stylelightning list losses
  weights  which trained filters there are and are here: stylelightning weights

every option of a command:      stylelightning fit --help
the options of one component:   stylelightning fit --model.losses.help GramLoss
"""


def main(args: list[str] | None = None) -> int:
    """Run the program.

    Args:
        args: Command line without the program's name; ``sys.argv`` by default.

    Returns:
        Exit code: 0 done, 1 failed run, 2 bad command line or input, 130 and 143 stopped by
        Ctrl-C and SIGTERM.
    """
    given = sys.argv[1:] if args is None else args
    if given in (["--version"], ["-V"]):
        sys.stdout.write(f"stylelightning {__version__}\n")
        return 0
    if not given or given[0] in ("--help", "-h"):
        sys.stdout.write(USAGE)
        return 0 if given else 2
    if given[0] not in COMMANDS and not given[0].startswith("-"):
        sys.stderr.write(f"error: There is no command {given[0]!r}: {', '.join(COMMANDS)}.\n")
        return 2
    try:
        if given[0] == "list":
            from stylelightning.listing import run_list

            return run_list(given[1:])
        if given[0] == "weights":
            from stylelightning.commands.weights import run_weights

            return run_weights(given[1:])
        if given[0] == "test":
            from stylelightning.rating import run_test

            return run_test(given[1:])
        # what these import imports torch: 4 s
        if given[0] in ("sweep", "batch"):
            from stylelightning.sweep.command import run as run_many

            return run_many(given)
        from stylelightning.cli.errors import run

        return run(args)
    except KeyboardInterrupt:  # before or after the run: there is no picture to save
        sys.stderr.write("stopped\n")
        return 130


if __name__ == "__main__":
    sys.exit(main())
