"""How a store goes from one machine to another."""
