"""The command line: the options of a run, what it does with them, and how errors are said."""
