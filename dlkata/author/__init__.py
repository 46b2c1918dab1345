"""Writing content and proving it: for those who write katas."""
