"""The journal: committed iterations, which never change."""
