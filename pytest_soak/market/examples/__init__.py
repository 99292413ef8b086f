"""Markets and makers of the literature."""
