"""What the program shows on a terminal: lines that fit, pictures of blocks, and what stands still.

Nothing here needs torch.
"""
