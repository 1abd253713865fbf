"""What the compiler and programs say, read and made fit for readers."""
