"""Fences of random content whose output is known by how they are made, and what must hold of the page that shows them."""
