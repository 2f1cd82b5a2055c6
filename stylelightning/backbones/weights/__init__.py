"""Where filters come from: names, files, and the layouts that they are published in."""
