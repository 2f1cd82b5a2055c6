"""The commands: one file each, with a function ``run`` from options to an exit code."""
