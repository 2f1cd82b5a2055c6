"""The page of one run or many: a file that needs nothing else."""
