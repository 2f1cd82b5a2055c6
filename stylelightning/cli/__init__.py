"""The command line: its parser, its errors, and what `fit` and `plan` do."""
