"""What became of suggestions, counted on this machine: no code, no text, no file names, and nothing is ever sent."""
