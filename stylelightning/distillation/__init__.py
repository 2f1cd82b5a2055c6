"""Train a small student network on the features of a large one."""
