"""The dependencies of samples: cargo projects, built once, found again, and removed when nobody uses them."""
