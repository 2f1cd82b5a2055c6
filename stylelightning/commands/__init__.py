"""Commands of the program, one a file."""
