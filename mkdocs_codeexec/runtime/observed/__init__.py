"""What samples have read of this machine: from paths that a supervisor tells to portable names and states, and back."""
