"""Files of any kind, and the folders that they are kept in."""
