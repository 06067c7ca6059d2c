"""What a person looks at: reprs, progress, the form. Holds no logic of its own."""
