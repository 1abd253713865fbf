"""Many samples, compiled as one crate."""
